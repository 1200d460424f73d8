"""A crowd comes in by Bulk requests: real traffic, and quick enough for a hundred thousand people."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.scim.bulk import BULK_REQUEST
from tests.support.client import COME_AGAIN, ScimClient
from tests.support.entra import GROUP, PATCH_OP, Person
from tests.support.load import Crew

_PER_REQUEST = 500
_AT_ONCE = 4


async def admit_people(client: ScimClient, people: Sequence[Person]) -> list[str]:
    """Create a User for each; return their ids in the order of the people."""
    operations = [_creation("/Users", person.user_name, person.payload) for person in people]
    ids = await _created(client, operations)
    return [ids[person.user_name] for person in people]


async def admit_groups(client: ScimClient, members: Mapping[str, Sequence[str]]) -> None:
    """Create Groups of these names, and give each its members."""
    creations = [_creation("/Groups", name, {"schemas": [GROUP], "displayName": name}) for name in members]
    ids = await _created(client, creations)
    for name, users in members.items():
        for part in _parts(users):
            operation = {"op": "add", "path": "members", "value": [{"value": user} for user in part]}
            change = {"schemas": [PATCH_OP], "Operations": [operation]}
            answer = await client.persist("PATCH", f"/Groups/{ids[name]}", change)
            assert answer.status == 204, answer


async def _created(client: ScimClient, operations: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the ids of what was created, by ``bulkId``."""
    made = await Crew(_AT_ONCE).work(lambda part: _persist(client, part), _parts(operations))
    return {bulk_id: id for part in made for bulk_id, id in part.items()}


async def _persist(client: ScimClient, operations: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Send them in one request, and those that are put off again."""
    ids: dict[str, str] = {}
    waiting = list(operations)
    while waiting:
        answer = await client.persist("POST", "/Bulk", {"schemas": [BULK_REQUEST], "Operations": waiting})
        assert answer.status == 200, answer
        for entry in answer.json["Operations"]:
            if entry["status"] == "201":
                ids[entry["bulkId"]] = entry["location"].rpartition("/")[2]
            else:
                assert int(entry["status"]) in COME_AGAIN, entry
        waiting = [one for one in waiting if one["bulkId"] not in ids]
    return ids


def _creation(path: str, bulk_id: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": resource}


def _parts(whole: Sequence[Any]) -> list[Sequence[Any]]:
    return [whole[start : start + _PER_REQUEST] for start in range(0, len(whole), _PER_REQUEST)]
