"""The read cache's promises."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from schemas.ids import TenantId
from tenants.directory.records import CachedResource, StoredResource
from tenants.directory.writer import DirectoryWriter, Need
from tenants.read_cache.port import KeyKind, LookupKey, ReadCache
from tests.support.builders import LATER, Content, changes, edge, group, resource_id, user

ANN, BOB = user(1, "ann@example.com", external_id="E-1"), user(2, "bob@example.com", external_id="E-1")
TWIN = user(1, "twin@example.com", external_id="E-2", version=5, modified=LATER)
STAFF = group(11, "Staff", external_id="E-1")
TUTORS = group(9, "tutors")

Found = Mapping[LookupKey, Sequence[CachedResource]]


async def test_resources_are_found_by_every_kind_of_key(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId
) -> None:
    await _insert(writer, acme)
    by_id = LookupKey(acme, "User", KeyKind.ID, ANN.id)
    by_name = LookupKey(acme, "Group", KeyKind.NAME, "staff")
    by_external_id = LookupKey(acme, "User", KeyKind.EXTERNAL_ID, "E-1")

    found = await read_cache.find([by_id, by_name, by_external_id])

    assert _listed(found) == {
        by_id: [_cached(ANN)],
        by_name: [_cached(STAFF)],
        by_external_id: [_cached(ANN), _cached(BOB)],
    }


async def test_keys_of_two_tenants_travel_together_and_stay_apart(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _insert(writer, acme)
    await writer.commit(changes(await writer.load(globex, Need()), Content(inserted=[TWIN])))
    keys = [
        LookupKey(tenant, "User", kind, value)
        for tenant in (acme, globex)
        for kind, value in ((KeyKind.ID, ANN.id), (KeyKind.NAME, TWIN.name), (KeyKind.EXTERNAL_ID, "E-2"))
    ]

    found = await read_cache.find(keys)

    assert _listed(found) == {
        LookupKey(acme, "User", KeyKind.ID, ANN.id): [_cached(ANN)],
        LookupKey(globex, "User", KeyKind.ID, ANN.id): [_cached(TWIN)],
        LookupKey(globex, "User", KeyKind.NAME, TWIN.name): [_cached(TWIN)],
        LookupKey(globex, "User", KeyKind.EXTERNAL_ID, "E-2"): [_cached(TWIN)],
    }


async def test_a_key_finds_only_its_own_type(read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId) -> None:
    await _insert(writer, acme)
    keys = [
        LookupKey(acme, "Group", KeyKind.ID, ANN.id),
        LookupKey(acme, "User", KeyKind.NAME, "staff"),
        LookupKey(acme, "Course", KeyKind.EXTERNAL_ID, "E-1"),
    ]

    assert _listed(await read_cache.find(keys)) == {}


async def test_the_same_resource_answers_several_keys_and_a_repeated_key(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId
) -> None:
    await _insert(writer, acme)
    by_id, by_name = LookupKey(acme, "User", KeyKind.ID, ANN.id), LookupKey(acme, "User", KeyKind.NAME, ANN.name)

    found = await read_cache.find([by_id, by_name, by_id])

    assert _listed(found) == {by_id: [_cached(ANN)], by_name: [_cached(ANN)]}


async def test_what_is_found_is_as_the_last_transaction_left_it(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId
) -> None:
    await _insert(writer, acme)
    renamed = user(1, "ann.new@example.com", version=2, modified=LATER)
    await writer.commit(changes(await writer.load(acme, Need()), Content(updated=[renamed], removed=[BOB])))
    keys = [
        LookupKey(acme, "User", KeyKind.NAME, ANN.name),
        LookupKey(acme, "User", KeyKind.NAME, renamed.name),
        LookupKey(acme, "User", KeyKind.EXTERNAL_ID, "E-1"),
        LookupKey(acme, "User", KeyKind.ID, BOB.id),
    ]

    assert _listed(await read_cache.find(keys)) == {keys[1]: [_cached(renamed)]}


async def test_hostile_values_are_only_values(read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId) -> None:
    hostile = ["' OR 1=1 --", '"$ne"', "%", "_", "\\", ".*", "{}", "\U0001f600", "a\nb", ""]
    people = [user(100 + number, f"u{number}", external_id=value) for number, value in enumerate(hostile)]
    await writer.commit(changes(await writer.load(acme, Need()), Content(inserted=people)))
    keys = [LookupKey(acme, "User", KeyKind.EXTERNAL_ID, value) for value in hostile]

    found = await read_cache.find(keys)

    assert _listed(found) == {key: [_cached(one)] for key, one in zip(keys, people, strict=True)}


async def test_hundreds_of_keys_are_found_in_one_call(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    people = [user(number) for number in range(1, 301)]
    await writer.commit(changes(await writer.load(acme, Need()), Content(inserted=people)))
    keys = [LookupKey(acme, "User", KeyKind.NAME, one.name) for one in people]
    missing = [replace(key, tenant=globex) for key in keys]

    found = await read_cache.find([*keys, *missing])

    assert _listed(found) == {key: [_cached(one)] for key, one in zip(keys, people, strict=True)}


async def test_no_keys_find_nothing(read_cache: ReadCache, acme: TenantId) -> None:
    assert dict(await read_cache.find([])) == {}
    assert dict(await read_cache.find([LookupKey(acme, "User", KeyKind.ID, resource_id(1))])) == {}


async def _insert(writer: DirectoryWriter, tenant: TenantId) -> None:
    content = Content(inserted=[BOB, ANN, STAFF])
    await writer.commit(changes(await writer.load(tenant, Need()), content))


def _cached(resource: StoredResource) -> CachedResource:
    """Return the resource as a reader gets it."""
    return CachedResource(
        type=resource.type,
        id=resource.id,
        version=resource.version,
        modified=resource.modified,
        rendered=resource.rendered,
    )


def _listed(found: Found) -> dict[LookupKey, list[CachedResource]]:
    return {key: list(resources) for key, resources in found.items()}


async def test_a_user_who_was_never_in_a_group_is_known_as_that(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    loner, member, invited = user(1, "u1"), user(2, "u2"), user(3, "u3")
    in_vain = edge(TUTORS, invited, desired=False)
    content = Content(inserted=[loner, member, invited, TUTORS], edges_put=[edge(TUTORS, member), in_vain])
    await writer.commit(changes(await writer.load(acme, Need()), content))
    await writer.commit(changes(await writer.load(globex, Need()), Content(inserted=[member])))
    keys = [LookupKey(acme, "User", KeyKind.ID, each.id) for each in (loner, member, invited)]
    keys += [LookupKey(globex, "User", KeyKind.ID, member.id), LookupKey(acme, "User", KeyKind.NAME, "u2")]

    found = await read_cache.find(keys)

    assert [found[key][0].may_be_member for key in keys] == [False, True, False, False, True]


async def test_one_who_joins_is_known_as_a_member_at_once_and_after_every_change(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId
) -> None:
    people = [user(number, f"u{number}") for number in range(1, 5)]
    first, second, third, _ = people
    changed = [user(number, f"U{number}", version=2, external_id="E-1") for number in range(1, 5)]
    await _commit(writer, acme, Content(inserted=[*people, TUTORS]))

    # The one joins, the other joins and changes, the third is changed already when it joins.
    await _commit(writer, acme, Content(edges_put=[edge(TUTORS, first)]))
    await _commit(writer, acme, Content(edges_put=[edge(TUTORS, second)], updated=changed[1:]))
    await _commit(writer, acme, Content(edges_put=[edge(TUTORS, third)]))
    await _commit(writer, acme, Content(updated=[changed[0]]))

    assert await _members(read_cache, acme, *people) == {first.id, second.id, third.id}


async def test_members_stay_known_when_names_change_hands(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId
) -> None:
    member, loner = user(1, "u1"), user(2, "u2")
    await _commit(writer, acme, Content(inserted=[member, loner, TUTORS], edges_put=[edge(TUTORS, member)]))
    swapped = [user(1, "u2", version=2), user(2, "u1", version=2)]

    await _commit(writer, acme, Content(updated=swapped))

    assert await _members(read_cache, acme, member, loner) == {member.id}


async def test_what_a_change_takes_away_is_gone(read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId) -> None:
    await _commit(writer, acme, Content(inserted=[ANN]))
    await _commit(writer, acme, Content(updated=[user(1, "ann@example.com", version=2)]))
    by_external_id = LookupKey(acme, "User", KeyKind.EXTERNAL_ID, "E-1")

    assert _listed(await read_cache.find([by_external_id])) == {}


async def _commit(writer: DirectoryWriter, tenant: TenantId, content: Content) -> None:
    await writer.commit(changes(await writer.load(tenant, Need()), content))


async def _members(read_cache: ReadCache, tenant: TenantId, *people: StoredResource) -> set[str]:
    """Return the ids of those who may be members."""
    found = await read_cache.find([LookupKey(tenant, "User", KeyKind.ID, each.id) for each in people])
    return {resources[0].id for resources in found.values() if resources[0].may_be_member}
