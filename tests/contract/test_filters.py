"""Filters as clients write them: in every store, page by page, what the evaluator says of the resources' own values."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.ids import TenantId
from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.nodes import Filter
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from schemas.scim.query import Query
from schemas.scim.search import prepared_name, search_document
from schemas.scim.sorting import in_order, parse_sort, position
from tenants.directory.records import StoredResource
from tests.support import builders
from tests.support.cases import cases
from tests.support.populating import populate
from tests.support.stores import Stores
from tests.support.strategies.scim import MOMENTS, SORTED_BY, filter_text, user_attributes, user_filters

USER = core_catalog().resource_type("User")
PEOPLE = st.lists(
    st.tuples(user_attributes, st.sampled_from(MOMENTS), st.sampled_from(MOMENTS)),
    min_size=1,
    max_size=6,
    unique_by=lambda person: prepared_name("User", str(person[0]["userName"])),
)
ASKED = st.tuples(user_filters, st.sampled_from(SORTED_BY), st.booleans(), st.integers(1, 3))


def person(number: int, attributes: dict[str, Any], created: str, modified: str) -> StoredResource:
    """Return the User as a worker would store it."""
    plain = builders.user(number, attributes["userName"], created=created, modified=modified)
    search = search_document(USER, plain.id, attributes, created=created, modified=modified, version=plain.version)
    external_id, name = attributes.get("externalId"), prepared_name("User", attributes["userName"])
    return structs.replace(plain, attributes=attributes, name=name, external_id=external_id, search=search)


@cases(60)
@given(PEOPLE, st.lists(ASKED, min_size=1, max_size=6))
async def test_what_is_written_is_found_in_its_order(
    stores: Stores,
    acme: TenantId,
    globex: TenantId,
    people: list[tuple[dict[str, Any], str, str]],
    asked: list[tuple[Filter, str, bool, int]],
) -> None:
    stored = [person(number, *one) for number, one in enumerate(people, 1)]
    for tenant, some in ((acme, stored), (globex, stored[:1])):
        await populate(stores, tenant, some)

    for filter, sort_by, descending, count in asked:
        resolved = resolve(parse_filter(filter_text(filter)), USER)
        sort = parse_sort(sort_by, "descending" if descending else "ascending", USER)
        met = [one.search for one in stored if holds(resolved, one.search)]
        expected = [place.id for place in in_order([position(one, sort) for one in met], sort)]
        found, query = [], Query("User", resolved, count=count, sort=sort)
        while True:
            page = await stores.directory.search(acme, query)
            assert page.total == len(met)
            found += [resource.id for resource in page.resources]
            if page.next is None:
                break
            query = structs.replace(query, after=page.next)
        assert found == expected
