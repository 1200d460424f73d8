"""Whoever is deleted where accounts are erased is in no store and no file of the running service any more."""

from pathlib import Path
from typing import Any

import bson
from pymongo import MongoClient

from tenants.administration.tenants import SettingsChange
from tenants.policies.settings import Deprovisioning
from tests.support.client import open_client
from tests.support.load import eventually
from tests.support.shapes import Shape

SECRETS = (b"zlogin@distinct.example", b"zyxwina", b"quetzalcoatlis", b"zq-mail@distinct.example", b"ext-zq-4711")
PERSON: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "zlogin@distinct.example",
    "externalId": "EXT-zq-4711",
    "name": {"givenName": "Zyxwina", "familyName": "Quetzalcoatlis"},
    "emails": [{"value": "zq-mail@distinct.example", "primary": True}],
}


def left(shape: Shape) -> list[bytes]:
    """Return what of the person the store and the logs still hold."""
    url = shape.environment["ROLLCALL_STORE_URL"]
    if url.startswith("mongodb"):
        with MongoClient[dict[str, Any]](url) as client:
            database = client.get_default_database()
            names = database.list_collection_names()
            content = b"".join(bson.encode(document) for name in names for document in database[name].find())
    else:
        content = b"".join(path.read_bytes() for path in Path(shape.environment["ROLLCALL_DATA"]).rglob("*.sqlite*"))
    content += shape.logs().encode()
    return [secret for secret in SECRETS if secret in content.lower()]


async def test_after_a_delete_nothing_says_who_the_person_was(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    async with shape.administration() as session:
        change = SettingsChange(deprovisioning=Deprovisioning.DELETE)
        await session.tenants.change(access.tenant, change, actor=session.actor)
    async with open_client(access) as client:
        made = await client.send("POST", "/Users", PERSON)
        assert left(shape) == list(SECRETS)
        deleted = await client.send("DELETE", f"/Users/{made.id}")
    assert deleted.status == 204

    async with shape.stores() as stores:

        async def is_erased() -> bool:
            entries = await stores.audit.entries(access.tenant, after=0, limit=100)
            return entries[-1].action == "account.erased"

        await eventually(is_erased, within_seconds=60, what="the erasure's end")
    assert left(shape) == []
