"""The command line as an operator uses it, over both shapes' stores."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import open_client
from tests.support.entra import Entra, Person
from tests.support.load import eventually
from tests.support.rollcall import Ran
from tests.support.services.waiting import free_port
from tests.support.shapes import Shape, new_name


async def test_a_tenant_made_on_the_command_line_is_provisioned_at_once(shape: Shape) -> None:
    name = new_name("acme")
    made = await _json(shape, "tenant", "create", name, "--mode", "sync", "--display-name", "Acme")
    issued = await _json(shape, "token", "create", name)
    assert made["tenant_url"] == issued["tenant_url"] == f"{shape.urls[0]}/scim/v2/{name}"
    assert (made["mode"], made["display_name"], made["status"]) == ("sync", "Acme", "active")
    assert issued["token"].endswith(issued["last_four"])

    async with open_client(shape.access(name, issued["token"])) as client:
        id = await Entra(client).ensure_user(Person(1))
        events = await _json(shape, "events", name)
        audit = await _json(shape, "audit", "list", name)
        tokens = await _json(shape, "token", "list", name)

    assert [(event["number"], event["type"], event["subject"]) for event in events] == [(1, "account.created", id)]
    assert [entry["action"] for entry in audit] == ["tenant.created", "token.created", "scim.create"]
    assert [entry["number"] for entry in audit] == [1, 2, 3]
    assert [token["id"] for token in tokens] == [issued["id"]]
    assert [tenant["id"] for tenant in await _json(shape, "tenant", "list")] == [name]


async def test_a_change_on_the_command_line_holds_for_the_next_request(shape: Shape) -> None:
    (access,) = await shape.admit("acme", is_guarded=True)
    async with open_client(access) as client:
        before = await Entra(client).ensure_user(Person(1))
        changed = await _json(shape, "tenant", "set", access.tenant, "--mode", "dry_run")
        after = await Entra(client).ensure_user(Person(2))
    assert changed["mode"] == "dry_run"
    assert changed["revision"] == 2
    assert await _json(shape, "tenant", "show", access.tenant) == changed
    async with shape.stores() as stores:
        accounts = await stores.accounts.accounts(access.tenant, after="", limit=10)
    assert before != after
    assert [account.resource for account in accounts] == [before]


async def test_the_check_finds_nothing_wrong_with_good_settings(idle: Shape) -> None:
    ran = await asyncio.to_thread(idle.command, "check")

    assert ran.code == 0, ran
    assert [line.split()[0] for line in ran.output.splitlines()] == ["ok", "ok", "ok"]


async def test_the_check_says_what_cannot_be_reached(idle_distributed: Shape) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    unreachable = {
        **idle_distributed.environment,
        "ROLLCALL_STORE_URL": f"mongodb://{nowhere}/?replicaSet=rs0",
        "ROLLCALL_BUS_URL": f"amqp://guest:confidential@{nowhere}/",
    }

    ran = await asyncio.to_thread(idle_distributed.command, "check", environment=unreachable)

    assert ran.code == 3
    assert [line.split()[:2] for line in ran.output.splitlines()] == [
        ["ok", "settings"],
        ["wrong", "store"],
        ["wrong", "bus"],
    ]
    assert "confidential" not in ran.output + ran.errors


@pytest.mark.parametrize("command", [["serve"], ["gateway"], ["worker"], ["tenant", "list"], ["check"]])
async def test_all_faults_of_the_settings_are_told_together(idle_embedded: Shape, command: list[str]) -> None:
    faults = {
        "ROLLCALL_PORT": "many",
        "ROLLCALL_STORE_URL": "postgres://db/rollcall",
        "ROLLCALL_SIGNING_KEY": "short",
        "ROLLCALL_LOG_LEVEL": "chatty",
        "ROLLCALL_COLOUR": "blue",
        "ROLLCALL_DEADLINE_SECONDS": "0",
    }
    ran = await asyncio.to_thread(idle_embedded.command, *command, environment=faults)

    assert ran.code == 2
    told = ran.output + ran.errors
    assert [name for name in faults if name not in told] == []
    assert "Traceback" not in told
    assert "short" not in told


async def test_the_distributed_processes_need_a_signing_key_and_a_broker(idle_embedded: Shape, tmp_path: Path) -> None:
    bus = {"ROLLCALL_BUS_URL": f"amqp://127.0.0.1:{free_port()}/"}
    data = {"ROLLCALL_DATA": str(tmp_path)}
    without_key = await asyncio.to_thread(idle_embedded.command, "gateway", environment=bus)
    without_broker = await asyncio.to_thread(idle_embedded.command, "worker", environment=data)

    assert (without_key.code, "ROLLCALL_SIGNING_KEY" in without_key.errors) == (2, True)
    assert (without_broker.code, "ROLLCALL_BUS_URL" in without_broker.errors) == (2, True)


@pytest.mark.parametrize("role", ["gateway", "worker"])
async def test_a_process_that_reaches_no_database_or_broker_says_so_and_ends(
    idle_distributed: Shape, role: str
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    for unreachable in (
        {"ROLLCALL_STORE_URL": f"mongodb://{nowhere}/?replicaSet=rs0"},
        {"ROLLCALL_BUS_URL": f"amqp://{nowhere}/"},
    ):
        environment = {**idle_distributed.environment, **unreachable}
        ran = await asyncio.to_thread(idle_distributed.command, role, environment=environment)
        assert ran.code == 3, ran
        assert "rollcall check" in ran.errors
        assert "Traceback" not in ran.errors


async def test_refusals_are_told_in_one_line(idle_embedded: Shape) -> None:
    (access,) = await idle_embedded.admit("acme")
    await _json(idle_embedded, "token", "create", access.tenant)
    refusals = [
        (["tenant", "create", access.tenant], "exists already"),
        (["tenant", "create", "Not A Name"], "tenant name"),
        (["tenant", "show", "nobody"], "no tenant"),
        (["token", "create", "nobody"], "no tenant"),
        (["token", "create", access.tenant], "two live tokens"),
        (["token", "create", access.tenant, "--expires", "2001-01-01"], ""),
        (["token", "revoke", access.tenant, "nothing"], "nothing"),
        (["audit", "list", "nobody"], "no tenant"),
    ]
    for arguments, reason in refusals:
        ran = await asyncio.to_thread(idle_embedded.command, *arguments)
        assert ran.code == 1, (arguments, ran)
        assert reason.replace("two", "2") in ran.errors, (arguments, ran)
        assert len(ran.errors.splitlines()) == 1, (arguments, ran)


async def test_the_last_use_of_a_token_is_shown(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    async with open_client(access) as client:
        await client.send("GET", "/Users", headers={"User-Agent": "Entra"})

    async def is_shown() -> bool:
        (token,) = await _json(shape, "token", "list", access.tenant)
        return (token["last_used_by"], token["last_used_from"]) == ("Entra", "127.0.0.1") and token["last_used"]

    await eventually(is_shown, within_seconds=30, what="the last use is shown")


async def _json(shape: Shape, *arguments: str) -> Any:
    ran: Ran = await asyncio.to_thread(shape.command, *arguments, "--json")
    assert ran.code == 0, ran
    return json.loads(ran.output)
