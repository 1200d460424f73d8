"""Searches: pages, totals, and filters, which mean in every store what the evaluator says."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import ResourceId, TenantId
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.nodes import (
    All,
    AnyOf,
    Field,
    HasMember,
    HasMembers,
    Matches,
    Not,
    Operator,
    Present,
    ResolvedFilter,
    Scalar,
    SomeElement,
)
from schemas.scim.filters.parser import MAX_DEPTH, MAX_TERMS
from schemas.scim.query import Query
from tenants.directory.port import DirectoryReader
from tenants.directory.records import CachedResource, StoredResource
from tenants.directory.writer import DirectoryWriter, Need
from tests.support.builders import Content, changes, edge, group, resource_id, user
from tests.support.cases import cases
from tests.support.populating import populate
from tests.support.stores import Stores

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2·0:User"


def at(*steps: str) -> Field:
    """Return the field of these steps; ``[]`` behind a step's name says that a list stands there."""
    return Field(tuple(step.removesuffix("[]") for step in steps), tuple(step.endswith("[]") for step in steps))


NAME, ACTIVE, TITLE, LEVEL = at("userName"), at("active"), at("title"), at("level")
MAIL, TAG, MANAGER = at("emails[]", "value"), at("tags[]"), at(ENTERPRISE, "manager", "value")

ANN = user(
    1,
    "ann@example.com",
    external_id="E-1",
    search={
        "title": "vp of 'quotes' \"double\" 100% a_b c\\d $ne .*",
        "level": 3,
        "emails": [
            {"value": "ann@work.example", "type": "work", "primary": True},
            {"value": "ann@home.example", "type": "home", "primary": False},
        ],
        "tags": ["red", "grün"],
        ENTERPRISE: {"department": "sales", "manager": {"value": "m-1"}},
    },
)
BOB = user(
    2,
    "bob@example.com",
    external_id="E-2",
    search={
        "active": False,
        "title": "\U0001f600 z",
        "level": 2.5,
        "emails": [{"value": "bob@home.example", "type": "work", "primary": False}],
        "tags": ["red wine"],
        ENTERPRISE: {"department": "Sales"},
    },
)
CAT = user(3, "cat@example.com", search={"title": "\uffef"})
DAN = user(4, "dan@example.com", search={"level": 0, "tags": ["1", "true"], "emails": [{"value": "1"}]})
PEOPLE = [ANN, BOB, CAT, DAN]
STAFF, TEAM, EMPTY = group(11, "Staff"), group(12, "Team"), group(13, "Empty")
LAST = "2026-11-25T14:49:10.123000Z"
MOMENTS = [LAST, "2026-11-25T14:49:10.123001Z", "2026-11-25T14:49:10.122999Z", "2026-11-25T14:49:10.122000Z"]


async def _fill(writer: DirectoryWriter, tenant: TenantId) -> None:
    content = Content(
        inserted=[*PEOPLE, STAFF, TEAM, EMPTY],
        edges_put=[edge(STAFF, ANN), edge(STAFF, BOB), edge(TEAM, ANN), edge(EMPTY, ANN, desired=False)],
    )
    await writer.commit(changes(await writer.load(tenant, Need()), content))


async def _found(
    directory: DirectoryReader, tenant: TenantId, filter: ResolvedFilter, resource_type: str = "User"
) -> set[ResourceId]:
    page = await directory.search(tenant, Query(resource_type, filter))
    assert page.total == len(page.resources)
    return {resource.id for resource in page.resources}


# pages


async def test_a_page_holds_what_a_reader_needs(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)

    page = await directory.search(acme, Query("User", Matches(NAME, Operator.EQ, ANN.name)))

    assert page.resources == (CachedResource("User", ANN.id, ANN.version, ANN.modified, ANN.rendered),)
    assert (await directory.search(globex, Query("User", Matches(NAME, Operator.EQ, ANN.name)))).total == 0


@pytest.mark.parametrize("filter", [None, Present(at("meta", "created"))], ids=["all", "filter"])
async def test_pages_follow_each_other_by_id(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, filter: ResolvedFilter | None
) -> None:
    people = [user(number) for number in range(20, 43)]
    shuffled = people[10:] + people[:10]
    await writer.commit(changes(await writer.load(acme, Need()), Content(inserted=[*shuffled, STAFF])))

    pages = [
        await directory.search(acme, Query("User", filter, start_index=start, count=5)) for start in range(1, 26, 5)
    ]

    assert [page.total for page in pages] == [23] * 5
    assert [one.id for page in pages for one in page.resources] == [one.id for one in people]


@pytest.mark.parametrize("filter", [None, Present(NAME)], ids=["all", "filter"])
async def test_the_ends_of_a_list_are_regular(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, filter: ResolvedFilter | None
) -> None:
    await _fill(writer, acme)

    only_total = await directory.search(acme, Query("User", filter, count=0))
    beyond = await directory.search(acme, Query("User", filter, start_index=5))
    last = await directory.search(acme, Query("User", filter, start_index=4, count=10))
    middle = await directory.search(acme, Query("User", filter, start_index=3, count=1))

    assert (only_total.total, only_total.resources) == (4, ())
    assert (beyond.total, beyond.resources) == (4, ())
    assert (last.total, [one.id for one in last.resources]) == (4, [DAN.id])
    assert (middle.total, [one.id for one in middle.resources]) == (4, [CAT.id])


async def test_each_type_is_listed_alone(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)

    groups = await directory.search(acme, Query("Group"))

    assert (groups.total, [one.id for one in groups.resources]) == (3, [STAFF.id, TEAM.id, EMPTY.id])
    assert (await directory.search(acme, Query("Course"))).total == 0
    assert (await directory.search(globex, Query("Group"))).total == 0


async def test_totals_follow_inserts_and_removals(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    await _fill(writer, acme)
    await writer.commit(changes(await writer.load(acme, Need()), Content(removed=[BOB, TEAM], inserted=[user(9)])))

    users, groups = await directory.search(acme, Query("User")), await directory.search(acme, Query("Group"))

    assert (users.total, [one.id for one in users.resources]) == (4, [ANN.id, CAT.id, DAN.id, resource_id(9)])
    assert (groups.total, [one.id for one in groups.resources]) == (2, [STAFF.id, EMPTY.id])


# filters, case by case

NOBODY: list[StoredResource] = []
CASES: list[tuple[str, ResolvedFilter, Sequence[StoredResource]]] = [
    ("text eq", Matches(TITLE, Operator.EQ, ANN.search["title"]), [ANN]),
    ("text eq is of the whole", Matches(TITLE, Operator.EQ, "vp"), NOBODY),
    ("text eq minds case", Matches(at(ENTERPRISE, "department"), Operator.EQ, "sales"), [ANN]),
    ("co", Matches(TITLE, Operator.CO, "100% a_b c\\d"), [ANN]),
    ("co of quotes", Matches(TITLE, Operator.CO, "'quotes' \"double\""), [ANN]),
    ("co takes % for itself", Matches(TITLE, Operator.CO, "1%0"), NOBODY),
    ("co takes _ for itself", Matches(TITLE, Operator.CO, "a_"), [ANN]),
    ("co takes .* for itself", Matches(TITLE, Operator.CO, ".*"), [ANN]),
    ("co takes a bracket for itself", Matches(TITLE, Operator.CO, "["), NOBODY),
    ("co of nothing", Matches(TITLE, Operator.CO, ""), [ANN, BOB, CAT]),
    ("sw", Matches(TITLE, Operator.SW, "vp of '"), [ANN]),
    ("sw is not co", Matches(TITLE, Operator.SW, "p of"), NOBODY),
    ("userName sw", Matches(NAME, Operator.SW, "c"), [CAT]),
    ("userName sw of nothing", Matches(NAME, Operator.SW, ""), PEOPLE),
    ("externalId sw", Matches(at("externalId"), Operator.SW, "E-"), [ANN, BOB]),
    ("externalId sw of the last character", Matches(at("externalId"), Operator.SW, "\U0010ffff"), NOBODY),
    ("sw of nothing", Matches(TITLE, Operator.SW, ""), [ANN, BOB, CAT]),
    ("sw takes ^ for itself", Matches(TITLE, Operator.SW, "^vp"), NOBODY),
    ("sw of more than there is", Matches(NAME, Operator.SW, "ann@example.com.au"), NOBODY),
    ("ew", Matches(TITLE, Operator.EW, " $ne .*"), [ANN]),
    ("ew beyond the basic plane", Matches(TITLE, Operator.EW, "\U0001f600 z"), [BOB]),
    ("ew of nothing", Matches(TITLE, Operator.EW, ""), [ANN, BOB, CAT]),
    ("ew of more than there is", Matches(NAME, Operator.EW, "x.ann@example.com"), NOBODY),
    ("ew takes $ for itself", Matches(NAME, Operator.EW, ".com$"), NOBODY),
    ("gt by code point", Matches(TITLE, Operator.GT, "\uffee"), [BOB, CAT]),
    ("gt by code point, not by UTF-16", Matches(TITLE, Operator.GT, "\uffef"), [BOB]),
    ("ge", Matches(TITLE, Operator.GE, "\uffef"), [BOB, CAT]),
    ("lt", Matches(TITLE, Operator.LT, "vq"), [ANN]),
    ("le", Matches(TITLE, Operator.LE, ANN.search["title"]), [ANN]),
    ("userName eq", Matches(NAME, Operator.EQ, "ann@example.com"), [ANN]),
    ("userName co", Matches(NAME, Operator.CO, "b@ex"), [BOB]),
    ("userName gt", Matches(NAME, Operator.GT, "bob@example.com"), [CAT, DAN]),
    ("id eq", Matches(at("id"), Operator.EQ, CAT.id), [CAT]),
    ("id le", Matches(at("id"), Operator.LE, BOB.id), [ANN, BOB]),
    ("externalId eq", Matches(at("externalId"), Operator.EQ, "E-2"), [BOB]),
    ("externalId minds case", Matches(at("externalId"), Operator.EQ, "e-2"), NOBODY),
    ("externalId pr", Present(at("externalId")), [ANN, BOB]),
    ("externalId ne", Not(Matches(at("externalId"), Operator.EQ, "E-2")), [ANN, CAT, DAN]),
    ("externalId lt", Matches(at("externalId"), Operator.LT, "E-2"), [ANN]),
    ("dateTime eq", Matches(at("meta", "created"), Operator.EQ, LAST), PEOPLE),
    ("dateTime gt", Matches(at("meta", "lastModified"), Operator.GT, LAST), NOBODY),
    ("boolean eq true", Matches(ACTIVE, Operator.EQ, True), [ANN, CAT, DAN]),
    ("boolean eq false", Matches(ACTIVE, Operator.EQ, False), [BOB]),
    ("boolean is no number", Matches(ACTIVE, Operator.EQ, 1), NOBODY),
    ("boolean is no text", Matches(ACTIVE, Operator.EQ, "true"), NOBODY),
    ("number eq", Matches(LEVEL, Operator.EQ, 3), [ANN]),
    ("number eq of the other kind", Matches(LEVEL, Operator.EQ, 3.0), [ANN]),
    ("number is no text", Matches(LEVEL, Operator.EQ, "3"), NOBODY),
    ("number is no boolean", Matches(LEVEL, Operator.EQ, False), NOBODY),
    ("number gt", Matches(LEVEL, Operator.GT, 2), [ANN, BOB]),
    ("number ge", Matches(LEVEL, Operator.GE, 2.5), [ANN, BOB]),
    ("number lt", Matches(LEVEL, Operator.LT, 2.5), [DAN]),
    ("number le", Matches(LEVEL, Operator.LE, 2.5), [BOB, DAN]),
    ("number gt a very large one", Matches(LEVEL, Operator.GT, 1e40), NOBODY),
    ("number lt a very large one", Matches(LEVEL, Operator.LT, 1e40), [ANN, BOB, DAN]),
    ("number gt a very small one", Matches(LEVEL, Operator.GT, -(1e40)), [ANN, BOB, DAN]),
    ("number lt infinity", Matches(LEVEL, Operator.LT, float("inf")), [ANN, BOB, DAN]),
    ("number compares with no text", Matches(LEVEL, Operator.GT, ""), NOBODY),
    ("text compares with no number", Matches(TITLE, Operator.GT, 0), NOBODY),
    ("text of a list compares with no number", Matches(TAG, Operator.EQ, 1), NOBODY),
    ("text of a list compares with no boolean", Matches(TAG, Operator.EQ, True), NOBODY),
    ("some text of a list", Matches(TAG, Operator.EQ, "red"), [ANN]),
    ("some text of a list sw", Matches(TAG, Operator.SW, "red"), [ANN, BOB]),
    ("some text of a list ew", Matches(TAG, Operator.EW, "ün"), [ANN]),
    ("no text of a list", Not(Matches(TAG, Operator.EQ, "red")), [BOB, CAT, DAN]),
    ("list pr", Present(TAG), [ANN, BOB, DAN]),
    ("some element's part", Matches(MAIL, Operator.EQ, "ann@home.example"), [ANN]),
    ("some element's part co", Matches(MAIL, Operator.CO, "@home"), [ANN, BOB]),
    ("some element's part pr", Present(at("emails[]", "type")), [ANN, BOB]),
    ("some element's boolean", Matches(at("emails[]", "primary"), Operator.EQ, False), [ANN, BOB]),
    ("a part that is a key elsewhere", Matches(MAIL, Operator.EQ, "work"), NOBODY),
    ("an extension's part", Matches(at(ENTERPRISE, "department"), Operator.SW, "s"), [ANN]),
    ("an extension's deep part", Matches(MANAGER, Operator.EQ, "m-1"), [ANN]),
    ("an extension pr", Present(at(ENTERPRISE)), [ANN, BOB]),
    ("a deep part pr", Present(MANAGER), [ANN]),
    ("nothing there", Matches(at("nickName"), Operator.EQ, ""), NOBODY),
    ("nothing there pr", Present(at("nickName")), NOBODY),
    (
        "one element meets both",
        SomeElement(
            at("emails[]"),
            All((Matches(at("type"), Operator.EQ, "work"), Matches(at("value"), Operator.CO, "@home"))),
        ),
        [BOB],
    ),
    (
        "different elements meet both",
        All((Matches(at("emails[]", "type"), Operator.EQ, "work"), Matches(MAIL, Operator.CO, "@home"))),
        [ANN, BOB],
    ),
    ("one element does not", SomeElement(at("emails[]"), Not(Matches(at("type"), Operator.EQ, "work"))), [ANN, DAN]),
    ("no element does", Not(SomeElement(at("emails[]"), Matches(at("type"), Operator.EQ, "work"))), [CAT, DAN]),
    ("an element pr", SomeElement(at("emails[]"), Present(at("primary"))), [ANN, BOB]),
    ("an element not pr", SomeElement(at("emails[]"), Not(Present(at("primary")))), [DAN]),
    ("a single complex", SomeElement(at(ENTERPRISE, "manager"), Matches(at("value"), Operator.EQ, "m-1")), [ANN]),
    ("all of nothing", All(()), PEOPLE),
    ("any of nothing", AnyOf(()), NOBODY),
    ("not of nothing there", Not(Matches(at("nickName"), Operator.EQ, "x")), PEOPLE),
    ("not not", Not(Not(Matches(LEVEL, Operator.EQ, 3))), [ANN]),
    ("or", AnyOf((Matches(LEVEL, Operator.EQ, 3), Matches(NAME, Operator.EQ, CAT.name))), [ANN, CAT]),
    ("and not", All((Present(LEVEL), Not(Matches(ACTIVE, Operator.EQ, True)))), [BOB]),
    ("co of a number", Matches(at("id"), Operator.CO, 0), NOBODY),
    ("sw of a boolean", Matches(at("id"), Operator.SW, True), NOBODY),
    ("co of no text", Matches(ACTIVE, Operator.CO, True), NOBODY),
    ("members of a User", HasMember(ANN.id), NOBODY),
]


@pytest.mark.parametrize(("filter", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_filter_finds(
    directory: DirectoryReader,
    writer: DirectoryWriter,
    acme: TenantId,
    globex: TenantId,
    filter: ResolvedFilter,
    expected: Sequence[StoredResource],
) -> None:
    await _fill(writer, acme)
    assert [one for one in PEOPLE if holds(filter, one.search)] == list(expected)

    assert await _found(directory, acme, filter) == {one.id for one in expected}
    assert await _found(directory, globex, filter) == set()


async def test_groups_are_found_by_member(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)
    staff_without_bob = All((Matches(at("displayName"), Operator.EQ, "staff"), Not(HasMember(BOB.id))))

    assert await _found(directory, acme, HasMember(ANN.id), "Group") == {STAFF.id, TEAM.id}
    assert await _found(directory, acme, Not(HasMember(BOB.id)), "Group") == {TEAM.id, EMPTY.id}
    assert await _found(directory, acme, HasMembers(), "Group") == {STAFF.id, TEAM.id}
    assert await _found(directory, acme, Not(HasMembers()), "Group") == {EMPTY.id}
    assert await _found(directory, acme, staff_without_bob, "Group") == set()
    assert await _found(directory, globex, HasMember(ANN.id), "Group") == set()


async def test_long_and_deep_filters_are_carried_out(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    await _fill(writer, acme)
    title, mail = Matches(TITLE, Operator.EQ, "x"), Matches(MAIL, Operator.CO, "xyz")
    long = AnyOf((mail,) * MAX_TERMS)
    deep: ResolvedFilter = SomeElement(at("emails[]"), Matches(at("value"), Operator.SW, "ann@"))
    for _ in range(MAX_DEPTH // 2):
        # As from: not (title eq "x" or userName pr and not (emails.value co "xyz" or active pr and ...))
        deep = Not(AnyOf((title, All((Present(NAME), Not(AnyOf((mail, All((Present(ACTIVE), deep))))))))))

    assert await _found(directory, acme, long) == set()
    assert await _found(directory, acme, Not(long)) == {one.id for one in PEOPLE}
    assert await _found(directory, acme, deep) == {ANN.id}
    assert await _found(directory, acme, Not(deep)) == {BOB.id, CAT.id, DAN.id}


# filters, generated

TEXTS = st.one_of(
    st.sampled_from(
        ["a", "b", "ab", "ba", "A", "'", '"', "\\", "%", "_", "$", "$eq", ".*", "^a", "a|b", "[a]", "(", "{}"]
    ),
    st.sampled_from(
        ["\U0001f600", "\uffef", "é", "e\u0301", "ß", "a\nb", "\t", "\x1f", "\x7f", "null", "true", "1", "0x1"]
    ),
    st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=4),
)
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([-0.0, 0.5, 1.0, -2.5, 2**53 + 1, float(2**53), 2**63 - 1, -(2**63), 1e300, 5e-324, 0.1, 1 / 3]),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS: st.SearchStrategy[Scalar] = st.one_of(TEXTS, NUMBERS, st.booleans())

ELEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "value": TEXTS,
        "type": st.sampled_from(["work", "home", "a"]),
        "primary": st.booleans(),
        "weight": NUMBERS,
    },
).filter(bool)
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "displayName": TEXTS,
        "any": SCALARS,
        "level": NUMBERS,
        "locked": st.booleans(),
        "name": st.fixed_dictionaries({}, optional={"familyName": TEXTS, "givenName": TEXTS}).filter(bool),
        "emails": st.lists(ELEMENTS, min_size=1, max_size=3),
        "tags": st.lists(TEXTS, min_size=1, max_size=3),
        "scores": st.lists(SCALARS, min_size=1, max_size=3),
        ENTERPRISE: st.fixed_dictionaries(
            {"department": TEXTS}, optional={"manager": st.fixed_dictionaries({"＄ref": TEXTS})}
        ),
    },
)
FIELDS = st.sampled_from(
    [
        *(at(name) for name in ("id", "userName", "externalId", "displayName", "title")),
        *(at(name) for name in ("any", "level", "locked", "missing")),
        at("meta", "created"),
        at("meta", "lastModified"),
        at("name", "familyName"),
        at("name", "givenName"),
        at("tags[]"),
        at("scores[]"),
        *(at("emails[]", part) for part in ("value", "type", "primary", "weight", "missing")),
        at(ENTERPRISE, "department"),
        at(ENTERPRISE, "manager", "＄ref"),
    ]
)
PARTS = st.sampled_from([at(part) for part in ("value", "type", "primary", "weight", "missing")])
OPERATORS = st.sampled_from([operator for operator in Operator if operator is not Operator.NE])
WHOLES = st.sampled_from([at("emails[]"), at("name"), at(ENTERPRISE)])


def _matches(fields: st.SearchStrategy[Field]) -> st.SearchStrategy[ResolvedFilter]:
    values = st.one_of(SCALARS, st.sampled_from(["", resource_id(1), "u2", "E-1"]), st.sampled_from(MOMENTS))
    return st.builds(Matches, fields, OPERATORS, values)


def _trees(leaves: st.SearchStrategy[ResolvedFilter]) -> st.SearchStrategy[ResolvedFilter]:
    def grown(inner: st.SearchStrategy[ResolvedFilter]) -> st.SearchStrategy[ResolvedFilter]:
        terms = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(st.builds(All, terms), st.builds(AnyOf, terms), st.builds(Not, inner))

    return st.recursive(leaves, grown, max_leaves=5)


def _inner() -> st.SearchStrategy[ResolvedFilter]:
    return _trees(st.one_of(_matches(PARTS), st.builds(Present, PARTS)))


FILTERS = _trees(
    st.one_of(
        _matches(FIELDS),
        st.builds(Present, st.one_of(FIELDS, WHOLES)),
        st.builds(SomeElement, st.just(at("emails[]")), _inner()),
    )
)


@cases(60)
@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=6), filters=st.lists(FILTERS, min_size=1, max_size=6))
async def test_stores_and_evaluator_agree(
    stores: Stores, acme: TenantId, globex: TenantId, documents: list[dict[str, Any]], filters: list[ResolvedFilter]
) -> None:
    people = [
        user(number, f"u{number}", search=document, external_id=f"E-{number}" if number % 2 else None)
        for number, document in enumerate(documents, 1)
    ]
    await populate(stores, acme, people)
    await populate(stores, globex, people[:1])

    for filter in filters:
        expected = {one.id for one in people if holds(filter, one.search)}
        assert await _found(stores.directory, acme, filter) == expected
