"""A runaway provisioning client, in both shapes: answered as ever, and the LMS loses no more than the guard lets go."""

import asyncio
import json
from typing import Any

from tenants.directory.records import AccountStatus
from tests.support.client import open_client
from tests.support.entra import Entra, people
from tests.support.load import Crew
from tests.support.shapes import Shape

_PEOPLE = 1_000


async def test_a_runaway_sync_changes_no_more_accounts_than_the_guard_allows(shape: Shape) -> None:
    (access,) = await shape.admit("acme", is_guarded=True)
    tenant = access.tenant
    async with open_client(access) as client, shape.stores() as stores:
        users = await Crew(32).work(Entra(client).ensure_user, people(_PEOPLE))

        async def delete(user: str) -> int:
            return (await client.persist("DELETE", f"/Users/{user}")).status

        assert set(await Crew(32).work(delete, users[: _PEOPLE * 6 // 10])) == {204}
        accounts = await stores.accounts.accounts(tenant, after="", limit=_PEOPLE)
        assert sum(account.status is AccountStatus.DISABLED for account in accounts) == _PEOPLE // 10
        state = await _json(shape, "guard", "show", tenant)
        assert (state["limit"], state["used"], len(state["held"])) == (100, 100, 500)

        job = await _json(shape, "guard", "reject", tenant, "--reason", "a mistake in the scope")
        assert (job["done"], job["failed"]) == (500, 0)
        after = await stores.accounts.accounts(tenant, after="", limit=_PEOPLE)
        assert sum(account.status is AccountStatus.ACTIVE for account in after) == _PEOPLE - 100
        assert (await _json(shape, "guard", "show", tenant))["held"] == []


async def test_a_single_leaver_that_the_guard_holds_is_let_go_alone(shape: Shape) -> None:
    (access,) = await shape.admit("acme", is_guarded=True)
    assert (await _json(shape, "guard", "set", access.tenant, "3"))["limit"] == 3
    async with open_client(access) as client, shape.stores() as stores:
        users = await Crew(8).work(Entra(client).ensure_user, people(10))
        for user in users[:6]:
            await client.persist("DELETE", f"/Users/{user}")
        held = [one["id"] for one in (await _json(shape, "guard", "show", access.tenant))["held"]]
        await _json(shape, "guard", "release", access.tenant, held[0])
        accounts = await stores.accounts.accounts(access.tenant, after="", limit=100)
        assert sum(account.status is AccountStatus.DISABLED for account in accounts) == 4
        assert [one["id"] for one in (await _json(shape, "guard", "show", access.tenant))["held"]] == held[1:]


async def _json(shape: Shape, *arguments: str) -> Any:
    ran = await asyncio.to_thread(shape.command, *arguments, "--json")
    assert ran.code == 0, ran
    return json.loads(ran.output)
