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


async def test_a_user_tells_whether_it_is_in_any_group(
    read_cache: ReadCache, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    loner, member, former, tutors = user(1, "u1"), user(2, "u2"), user(3, "u3"), group(9, "tutors")
    edges = [edge(tutors, member), edge(tutors, former, desired=False)]
    content = Content(inserted=[loner, member, former, tutors], edges_put=edges)
    await writer.commit(changes(await writer.load(acme, Need()), content))
    await writer.commit(changes(await writer.load(globex, Need()), Content(inserted=[member])))
    keys = [LookupKey(acme, "User", KeyKind.ID, each.id) for each in (loner, member, former)]
    keys += [LookupKey(globex, "User", KeyKind.ID, member.id), LookupKey(acme, "User", KeyKind.NAME, "u2")]

    found = await read_cache.find(keys)

    assert [found[key][0].may_be_member for key in keys] == [False, True, False, False, True]
