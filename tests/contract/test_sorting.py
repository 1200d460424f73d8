"""Sorted and walked lists: in every store the order that ``schemas.scim.sorting`` says, page by page, each once."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import ResourceId, TenantId
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.nodes import AnyOf, Field, Matches, Not, Operator, Present, ResolvedFilter
from schemas.scim.query import Position, Query, Sort
from schemas.scim.sorting import in_order, position
from tenants.directory.port import DirectoryReader
from tenants.directory.records import Page, StoredResource
from tenants.directory.writer import DirectoryWriter, Need
from tests.contract.test_search import ELEMENTS, ENTERPRISE, NUMBERS, TEXTS, at
from tests.support.builders import Content, changes, group, resource_id, user
from tests.support.cases import cases
from tests.support.populating import populate
from tests.support.stores import Stores

ID, NAME, EXTERNAL_ID, DISPLAY = at("id"), at("userName"), at("externalId"), at("displayName")
CREATED, MODIFIED = at("meta", "created"), at("meta", "lastModified")
TITLE, MAIL, ACTIVE = at("title"), at("emails[]", "value"), at("active")
INDEXED = [ID, NAME, EXTERNAL_ID, DISPLAY, CREATED, MODIFIED]


def person(
    number: int,
    name: str | None = None,
    /,
    *,
    created: int = 0,
    modified: int = 0,
    external_id: str | None = None,
    **search: Any,
) -> StoredResource:
    """Return a User made and changed so many milliseconds into some minute."""
    times = [f"2026-11-25T14:49:{moment // 1000:02}.{moment % 1000:03}Z" for moment in (created, modified)]
    meta = {"created": f"{times[0][:-1]}000Z", "lastModified": f"{times[1][:-1]}000Z"}
    return user(
        number,
        name,
        external_id=external_id,
        created=times[0],
        modified=times[1],
        search={"meta": meta, **({"externalId": external_id} if external_id else {}), **search},
    )


ANN = person(1, "c@x", created=7, modified=5, external_id="b", displayName="ann", title="b", active=True, tags=["b"])
BOB = person(2, "a@x", created=7, modified=9, displayName="\U0001f600", title="\uffef", active=False)
CAT = person(3, "b@x", created=3, modified=5, external_id="B", displayName="ann", emails=[{"value": "z@x"}])
DAN = person(
    4, "d@x", created=9, modified=1, external_id="b", emails=[{"value": "a@x"}, {"value": "zz@x"}], tags=["a", "z"]
)
EVE = person(5, "e@x", created=1, modified=1, title="a", emails=[{"type": "work"}])
PEOPLE = [ANN, BOB, CAT, DAN, EVE]

CASES: list[tuple[str, Field, Sequence[StoredResource]]] = [
    ("id", ID, [ANN, BOB, CAT, DAN, EVE]),
    ("userName", NAME, [BOB, CAT, ANN, DAN, EVE]),
    ("externalId, which is case exact, some without", EXTERNAL_ID, [CAT, ANN, DAN, BOB, EVE]),
    ("displayName by code point, some without", DISPLAY, [ANN, CAT, BOB, DAN, EVE]),
    ("meta.created", CREATED, [EVE, CAT, ANN, BOB, DAN]),
    ("meta.lastModified", MODIFIED, [DAN, EVE, ANN, CAT, BOB]),
    ("text", TITLE, [EVE, ANN, BOB, CAT, DAN]),
    ("a list's first element", MAIL, [DAN, CAT, ANN, BOB, EVE]),
    ("a list's first text", at("tags[]"), [DAN, ANN, BOB, CAT, EVE]),
    ("boolean", ACTIVE, [BOB, ANN, CAT, DAN, EVE]),
    ("nothing that anybody has", at("nickName"), [ANN, BOB, CAT, DAN, EVE]),
]


async def _fill(writer: DirectoryWriter, tenant: TenantId, people: Sequence[StoredResource]) -> None:
    await writer.commit(changes(await writer.load(tenant, Need()), Content(inserted=people)))


async def _walked(directory: DirectoryReader, tenant: TenantId, query: Query) -> list[Page]:
    """Return the pages from the query's to the last one."""
    pages = [await directory.search(tenant, query)]
    while (place := pages[-1].next) is not None:
        following = Query(
            query.resource_type, query.filter, count=query.count, sort=query.sort, after=place, total=pages[0].total
        )
        pages.append(await directory.search(tenant, following))
    return pages


def _ids(pages: Sequence[Page]) -> list[ResourceId]:
    return [one.id for page in pages for one in page.resources]


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize(("field", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_resources_are_sorted_by(
    directory: DirectoryReader,
    writer: DirectoryWriter,
    acme: TenantId,
    globex: TenantId,
    field: Field,
    expected: Sequence[StoredResource],
    descending: bool,
) -> None:
    await _fill(writer, acme, PEOPLE)
    await _fill(writer, globex, [user(7)])
    sort = Sort(field, descending)
    ids = [one.id for one in (expected[::-1] if descending else expected)]
    assert [place.id for place in in_order([position(one.search, sort) for one in PEOPLE], sort)] == ids

    whole = await directory.search(acme, Query("User", sort=sort))
    by_index = [
        await directory.search(acme, Query("User", sort=sort, start_index=first, count=2)) for first in (1, 3, 5, 7)
    ]
    walk = await _walked(directory, acme, Query("User", sort=sort, count=2))

    assert (whole.total, whole.next, _ids([whole])) == (5, None, ids)
    assert ([page.total for page in by_index], _ids(by_index)) == ([5] * 4, ids)
    assert ([page.total for page in walk], _ids(walk)) == ([5] * 3, ids)


async def test_groups_are_sorted_by_their_names(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    groups = [group(11, "Staff"), group(12, "board"), group(13, "Team")]
    await _fill(writer, acme, [*groups, *PEOPLE])

    walk = await _walked(directory, acme, Query("Group", sort=Sort(DISPLAY, descending=True), count=1))

    assert _ids(walk) == [resource_id(13), resource_id(11), resource_id(12)]


@pytest.mark.parametrize("filter", [None, Present(NAME)], ids=["all", "filter"])
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize("field", [NAME, EXTERNAL_ID, DISPLAY, TITLE, MAIL], ids=str)
async def test_a_walk_goes_on_from_any_place_whether_or_not_anybody_stands_there(
    directory: DirectoryReader,
    writer: DirectoryWriter,
    acme: TenantId,
    field: Field,
    filter: ResolvedFilter | None,
    descending: bool,
) -> None:
    await _fill(writer, acme, PEOPLE)
    sort, id = Sort(field, descending), ResourceId(f"{resource_id(3)[:-1]}2f")
    for place in (Position(None, id), Position("b", id), Position("0", id), Position("\U0001f600", id)):
        order = in_order([place, *(position(one.search, sort) for one in PEOPLE)], sort)

        page = await directory.search(acme, Query("User", filter, sort=sort, after=place))

        assert _ids([page]) == [each.id for each in order[order.index(place) + 1 :]]


@pytest.mark.parametrize("filter", [None, Present(NAME)], ids=["all", "filter"])
async def test_a_walk_without_a_sort_is_by_id(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, filter: ResolvedFilter | None
) -> None:
    await _fill(writer, acme, [user(number) for number in range(1, 8)])

    walk = await _walked(directory, acme, Query("User", filter, count=3))

    assert [len(page.resources) for page in walk] == [3, 3, 1]
    assert [page.next for page in walk] == [Position(None, resource_id(3)), Position(None, resource_id(6)), None]
    assert _ids(walk) == [resource_id(number) for number in range(1, 8)]


@pytest.mark.parametrize("sort", [None, Sort(DISPLAY), Sort(TITLE)], ids=["by id", "indexed", "not indexed"])
async def test_a_total_that_is_known_is_not_counted_again(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, sort: Sort | None
) -> None:
    await _fill(writer, acme, PEOPLE)
    first = await directory.search(acme, Query("User", Present(NAME), count=2, sort=sort))

    page = await directory.search(acme, Query("User", Present(NAME), count=2, sort=sort, after=first.next, total=12345))

    assert (first.total, page.total, len(page.resources)) == (5, 12345, 2)


async def test_a_page_of_no_resources_leads_nowhere(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    await _fill(writer, acme, PEOPLE)

    for filter in (None, Present(NAME)):
        for sort in (None, Sort(DISPLAY), Sort(TITLE)):
            page = await directory.search(acme, Query("User", filter, count=0, sort=sort))
            assert (page.total, page.resources, page.next) == (5, (), None)


@pytest.mark.parametrize("field", [*INDEXED, TITLE, None], ids=str)
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
async def test_a_walk_shows_what_stays_once_while_others_come_change_and_go(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, field: Field | None, descending: bool
) -> None:
    def some(number: int, turn: int) -> StoredResource:
        mixed = number * 7 % 40
        return person(
            number,
            f"u{mixed}",
            created=mixed // 3,
            modified=mixed // 3 + turn,
            external_id=f"e{mixed // 3}" if mixed % 4 else None,
            **({"displayName": f"d{mixed // 3}", "title": f"t{mixed // 3}"} if mixed % 5 else {}),
        )

    await _fill(writer, acme, [some(number, 0) for number in range(10, 30)])
    sort = None if field is None else Sort(field, descending)
    query, seen, turn = Query("User", count=3, sort=sort), [], 0
    while True:
        page = await directory.search(acme, query)
        seen += _ids([page])
        if page.next is None:
            break
        turn += 1
        leaver = [ResourceId(page.next.id)] if turn == 2 else []
        snapshot = await writer.load(acme, Need(resources=frozenset(leaver)))
        come = [some(number, turn) for number in (turn, 40 - turn) if turn < 9]
        await writer.commit(changes(snapshot, Content(inserted=come, removed=list(snapshot.resources.values()))))
        query = Query("User", count=3, sort=sort, after=page.next, total=page.total)

    stayed = [resource_id(number) for number in range(10, 30)]
    assert sorted(set(seen)) == sorted(seen)
    assert {one for one in stayed if one in seen} == set(stayed)


# generated

MOMENTS = st.integers(0, 3)
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"created": MOMENTS, "modified": MOMENTS},
    optional={
        "external_id": st.sampled_from(["a", "A", "b", "\U0001f600", "\uffef"]),
        "displayName": TEXTS,
        "title": TEXTS,
        "level": NUMBERS,
        "locked": st.booleans(),
        "name": st.fixed_dictionaries({}, optional={"familyName": TEXTS}).filter(bool),
        "emails": st.lists(ELEMENTS, min_size=1, max_size=3),
        "tags": st.lists(TEXTS, min_size=1, max_size=3),
        ENTERPRISE: st.fixed_dictionaries({"department": TEXTS}),
    },
)
FIELDS = st.sampled_from(
    [
        *INDEXED,
        TITLE,
        MAIL,
        at("level"),
        at("locked"),
        at("name", "familyName"),
        at("emails[]", "weight"),
        at("emails[]", "primary"),
        at("tags[]"),
        at(ENTERPRISE, "department"),
        at("missing"),
    ]
)
SORTS = st.one_of(st.none(), st.builds(Sort, FIELDS, st.booleans()))
FILTERS: st.SearchStrategy[ResolvedFilter | None] = st.sampled_from(
    [
        None,
        Present(ID),
        Present(TITLE),
        Not(Present(EXTERNAL_ID)),
        Matches(EXTERNAL_ID, Operator.EQ, "a"),
        Matches(DISPLAY, Operator.GE, "a"),
        Matches(MAIL, Operator.EQ, "a"),
        Matches(MODIFIED, Operator.GT, "2026-11-25T14:49:00.001000Z"),
        Matches(CREATED, Operator.LE, "2026-11-25T14:49:00.001500Z"),
        AnyOf((Matches(NAME, Operator.SW, "u"), Matches(MAIL, Operator.EQ, "a"))),
    ]
)


@cases(60)
@given(
    documents=st.lists(DOCUMENTS, min_size=1, max_size=7),
    asked=st.lists(st.tuples(SORTS, FILTERS, st.integers(1, 4), st.integers(1, 8)), min_size=1, max_size=6),
)
async def test_every_store_keeps_the_order(
    stores: Stores,
    acme: TenantId,
    globex: TenantId,
    documents: list[dict[str, Any]],
    asked: list[tuple[Sort | None, ResolvedFilter | None, int, int]],
) -> None:
    people = [person(number, f"u{9 - number}", **document) for number, document in enumerate(documents, 1)]
    for tenant, some in ((acme, people), (globex, people[:1])):
        await populate(stores, tenant, some)

    for sort, filter, count, first in asked:
        met = [one.search for one in people if filter is None or holds(filter, one.search)]
        expected = [place.id for place in in_order([position(one, sort) for one in met], sort)]
        query = Query("User", filter, count=count, sort=sort)
        walk = await _walked(stores.directory, acme, query)
        page = await stores.directory.search(acme, Query("User", filter, first, count, sort))
        assert ([one.total for one in walk], _ids(walk)) == ([len(met)] * len(walk), expected)
        assert len(walk) == max(1, -(-len(met) // count))
        assert (page.total, _ids([page])) == (len(met), expected[first - 1 : first - 1 + count])
        assert (page.next is None) == (not page.resources or first - 1 + count >= len(met))
