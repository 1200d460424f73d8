"""The help article's story, told by the command line in both shapes: dry-run, preview, sync, back, and sync again."""

import asyncio
import json
from typing import Any

from tests.support.applied import all_events, check_applied
from tests.support.client import ScimClient, open_client
from tests.support.entra import PATCH_OP, Entra, people
from tests.support.load import Crew
from tests.support.shapes import Shape

_PEOPLE, _GROUPS = 1_000, 30
_CHANGED, _DELETED = 50, 10


async def test_the_story_of_the_help_article(shape: Shape) -> None:
    name = "story"
    assert (await _json(shape, "tenant", "create", name))["mode"] == "dry_run"
    token = (await _json(shape, "token", "create", name))["token"]
    async with open_client(shape.access(name, token)) as client, shape.stores() as stores:
        users = await _sync(client)
        assert await stores.accounts.accounts(client.tenant, after="", limit=1) == []
        counts = (await _json(shape, "preview", name, "--limit", "0"))["counts"]
        assert (counts["create"], counts["create_cohort"], counts["join"]) == (_PEOPLE, _GROUPS, _PEOPLE)
        writes = await _json(shape, "audit", "list", name, "--action", "scim.create", "--limit", "5000")
        assert len(writes) == _PEOPLE + _GROUPS

        job = await _json(shape, "mode", name, "sync", "--yes")
        assert (job["state"], job["done"], job["failed"]) == ("done", 2 * _PEOPLE + _GROUPS, 0)
        await check_applied(stores, client)

        assert (await _json(shape, "mode", name, "dry-run"))["mode"] == "dry_run"
        before = await all_events(stores, client.tenant)
        await _change(client, users)
        assert len(await all_events(stores, client.tenant)) == len(before)
        plan = await _json(shape, "plan", "create", name)
        assert (plan["counts"]["update"], plan["counts"]["disable"]) == (_CHANGED, _DELETED)

        await _json(shape, "mode", name, "sync", "--plan", plan["id"])
        told = [event.type.value for event in (await all_events(stores, client.tenant))[len(before) :]]
        assert told.count("account.updated") == _CHANGED
        assert told.count("account.disabled") == _DELETED
        assert told.count("cohort.member_removed") == _DELETED
        assert len(told) == _CHANGED + 2 * _DELETED
        verified = await _json(shape, "audit", "verify", name)
        assert verified["holds"] is True


async def test_a_plan_is_stale_when_somebody_else_would_be_disabled(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    async with open_client(access) as client:
        users = await Crew(8).work(Entra(client).ensure_user, people(10))
        await _json(shape, "mode", access.tenant, "dry-run")
        await client.persist("DELETE", f"/Users/{users[0]}")
        plan = await _json(shape, "plan", "create", access.tenant)
        await client.persist("DELETE", f"/Users/{users[1]}")
        refused = await asyncio.to_thread(shape.command, "mode", access.tenant, "sync", "--plan", plan["id"])
        assert refused.code == 1
        assert "stale" in refused.errors
        assert users[1] in refused.errors
        assert users[0] not in refused.errors


async def _sync(client: ScimClient) -> list[str]:
    entra = Entra(client)
    users = await Crew(32).work(entra.ensure_user, people(_PEOPLE))
    groups = await Crew(8).work(entra.ensure_group, [f"group {number}" for number in range(_GROUPS)])
    for number, group in enumerate(groups):
        members = [{"value": user} for user in users[number::_GROUPS]]
        change = {"op": "add", "path": "members", "value": members}
        await client.persist("PATCH", f"/Groups/{group}", {"schemas": [PATCH_OP], "Operations": [change]})
    return users


async def _change(client: ScimClient, users: list[str]) -> None:
    for user in users[:_CHANGED]:
        change = {"op": "replace", "path": "title", "value": "Professor"}
        await client.persist("PATCH", f"/Users/{user}", {"schemas": [PATCH_OP], "Operations": [change]})
    for user in users[-_DELETED:]:
        await client.persist("DELETE", f"/Users/{user}")


async def _json(shape: Shape, *arguments: str) -> Any:
    ran = await asyncio.to_thread(shape.command, *arguments, "--json")
    assert ran.code == 0, ran
    return json.loads(ran.output)
