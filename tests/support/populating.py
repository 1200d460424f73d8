"""Directories for property tests, one case after the other in the same store."""

from collections.abc import Sequence

from schemas.ids import TenantId
from schemas.scim.query import Query
from tenants.directory.records import StoredResource
from tenants.directory.writer import Need
from tests.support.builders import Content, changes
from tests.support.stores import Stores


async def populate(stores: Stores, tenant: TenantId, people: Sequence[StoredResource]) -> None:
    """Leave the tenant with these Users alone."""
    before = await stores.directory.search(tenant, Query("User"))
    snapshot = await stores.writer.load(tenant, Need(resources=frozenset(one.id for one in before.resources)))
    content = Content(removed=list(snapshot.resources.values()), inserted=people)
    await stores.writer.commit(changes(snapshot, content))
