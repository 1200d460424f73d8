"""Extension schemas of a tenant as use cases over every store: what was kept before, and what is written meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import ResourceId, TenantId
from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from schemas.scim.query import Query
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.extended import ExtendedResources
from tenants.administration.schemas import MAX_SCHEMAS, SchemaAdministration
from tests.support.lane import Lane
from tests.support.stores import Stores, administration_ports

URI = "urn:example:params:scim:schemas:extension:campus:2.0:User"
ACTOR = Actor("operator:ada")


def schema(*attributes: Mapping[str, Any], uri: str = URI) -> dict[str, Any]:
    return {"id": uri, "name": "Campus", "attributes": list(attributes)}


SEMESTER = {"name": "semester", "type": "integer"}
CAMPUS = schema(SEMESTER, {"name": "resident", "type": "boolean"})


@pytest.fixture
def administration(stores: Stores) -> SchemaAdministration:
    ports = administration_ports(stores)
    resources = ExtendedResources(stores.directory, stores.writer)
    return SchemaAdministration(ports, resources, clock=lambda: 1_800_000_000.0)


@pytest.fixture
def lane(stores: Stores, acme: TenantId) -> Lane:
    return Lane(stores, acme)


@pytest.fixture
def other(stores: Stores, globex: TenantId) -> Lane:
    return Lane(stores, globex)


async def made(lane: Lane, name: str, **campus: Any) -> str:
    """Make a User as a gateway that knows nothing of the schema would."""
    return (await lane.made(lane.create("User", userName=name, **({URI: campus} if campus else {})))).resource_id


async def found(lane: Lane, filter: str) -> set[str]:
    """Return the ids of the Users that the filter finds, by the tenant's schemas."""
    record = await lane.stores.registry.tenant(lane.tenant)
    assert record is not None
    users = core_catalog().with_extensions(record.extensions).resource_type("User")
    query = Query("User", resolve(parse_filter(filter), users), count=1000)
    return {resource.id for resource in (await lane.stores.directory.search(lane.tenant, query)).resources}


async def test_values_that_were_kept_before_are_found_by_filters_after(
    administration: SchemaAdministration, lane: Lane, other: Lane
) -> None:
    ids = [await made(lane, f"u{number}", Semester=number, resident="True") for number in range(3)]
    await made(lane, "plain")
    await made(other, "stranger", semester=2)

    done = await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)

    assert done.resources == 3
    assert await found(lane, f"{URI}:semester ge 1") == set(ids[1:])
    assert await found(lane, f"{URI}:resident eq true") == set(ids)
    assert not await administration.schemas(other.tenant)


async def test_values_that_were_kept_before_are_returned_in_the_schemas_form_at_once(
    administration: SchemaAdministration, lane: Lane, other: Lane
) -> None:
    ids = [await made(one, "u1", Semester=3, resident="True") for one in (lane, other)]
    before, events = [await one.read(id) for one, id in zip((lane, other), ids, strict=True)], await lane.events()

    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)

    assert await lane.read(ids[0]) == {**(before[0] or {}), URI: {"semester": 3, "resident": True}}
    assert await other.read(ids[1]) == before[1]
    assert await lane.events() == events


async def test_more_than_a_page_of_values_is_looked_through(administration: SchemaAdministration, lane: Lane) -> None:
    commands = [lane.create("User", userName=f"u{number}", **{URI: {"semester": number}}) for number in range(150)]
    for start in range(0, 150, 50):
        await lane.run(*commands[start : start + 50])
    done = await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    assert done.resources == 150
    assert len(await found(lane, f"{URI}:semester ge 25")) == 125


async def test_values_that_do_not_fit_are_refused_unless_they_may_go(
    administration: SchemaAdministration, lane: Lane
) -> None:
    id = await made(lane, "u1", semester="third", resident=True)

    with pytest.raises(RefusedError) as refusal:
        await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    assert f"User {id}: {URI}:semester must be an integer" in str(refusal.value)
    assert not await administration.schemas(lane.tenant)

    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=True, actor=ACTOR)
    assert await found(lane, f"{URI}:semester pr") == set()
    assert await found(lane, f"{URI}:resident eq true") == {id}
    assert (await lane.read(id) or {})[URI] == {"resident": True}
    await lane.made(lane.patch(id, {"op": "replace", "path": "title", "value": "x"}))
    assert (await lane.read(id) or {})[URI] == {"resident": True}


async def test_a_command_that_was_made_before_is_carried_out_by_the_new_schema(
    administration: SchemaAdministration, lane: Lane
) -> None:
    command = lane.create("User", userName="u1", **{URI: {"SEMESTER": 3, "resident": "False", "other": 1}})
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)

    id = (await lane.made(command)).resource_id

    assert (await lane.read(id) or {})[URI] == {"semester": 3, "resident": False}
    assert await found(lane, f"{URI}:semester eq 3") == {id}


async def test_a_patch_that_changes_nothing_is_none_though_the_form_is_another(
    administration: SchemaAdministration, lane: Lane
) -> None:
    id = await made(lane, "u1", SEMESTER=3)
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    for value, version in ((3, 1), (4, 2)):
        patch = lane.patch(id, {"op": "replace", "path": f"{URI}:semester", "value": value})
        assert (await lane.made(patch)).version == version
    assert (await lane.read(id) or {})[URI] == {"semester": 4}


async def test_what_the_lane_writes_meanwhile_is_found_as_well(
    administration: SchemaAdministration, lane: Lane
) -> None:
    ids = [await made(lane, f"u{number}", semester=number) for number in range(20)]

    async def change() -> None:
        for id in ids:
            await lane.made(lane.patch(id, {"op": "replace", "value": {URI: {"resident": True}}}))

    await asyncio.gather(administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR), change())

    assert await found(lane, f"{URI}:semester ge 0 and {URI}:resident eq true") == set(ids)


async def test_a_change_looks_through_what_an_interrupted_registration_left(
    administration: SchemaAdministration, lane: Lane, stores: Stores
) -> None:
    id = await made(lane, "u1", semester=3)
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    (extension,) = await administration.schemas(lane.tenant)
    record = await stores.registry.tenant(lane.tenant)
    assert record is not None
    without = replace(record, extensions=(), revision=record.revision + 1)
    await stores.registry.change_tenant(without)
    await lane.made(lane.patch(id, {"op": "replace", "path": "title", "value": "x"}))
    await stores.registry.change_tenant(replace(without, extensions=(extension,), revision=without.revision + 1))
    assert await found(lane, f"{URI}:semester eq 3") == set()

    await administration.change(lane.tenant, CAMPUS, actor=ACTOR)

    assert await found(lane, f"{URI}:semester eq 3") == {id}


async def test_a_schema_grows(administration: SchemaAdministration, lane: Lane) -> None:
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    grown = {**CAMPUS, "attributes": [*CAMPUS["attributes"], {"name": "faculty"}]}

    await administration.change(lane.tenant, grown, actor=ACTOR)

    id = await made(lane, "u1", faculty="Law")
    assert await found(lane, f'{URI}:faculty eq "law"') == {id}
    with pytest.raises(RefusedError, match="faculty: an attribute that exists"):
        await administration.change(lane.tenant, CAMPUS, actor=ACTOR)


async def test_a_schema_with_values_is_removed_only_when_they_may_stay_without_it(
    administration: SchemaAdministration, lane: Lane
) -> None:
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    id = await made(lane, "u1", semester=3)
    with pytest.raises(RefusedError, match="1 User holds values"):
        await administration.remove(lane.tenant, URI, keep_values=False, actor=ACTOR)

    await administration.remove(lane.tenant, URI.upper(), keep_values=True, actor=ACTOR)

    assert not await administration.schemas(lane.tenant)
    await lane.made(lane.patch(id, {"op": "replace", "path": f"{URI}:semester", "value": "fourth"}))
    assert (await lane.read(id) or {})[URI] == {"semester": "fourth"}


async def test_values_that_stay_without_their_schema_are_returned_as_they_came(
    administration: SchemaAdministration, lane: Lane
) -> None:
    id = await made(lane, "u1", SEMESTER=3, resident="True")
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    await administration.remove(lane.tenant, URI, keep_values=True, actor=ACTOR)
    assert (await lane.read(id) or {})[URI] == {"SEMESTER": 3, "resident": "True"}


async def test_a_schema_without_values_is_removed_and_may_come_back_otherwise(
    administration: SchemaAdministration, lane: Lane
) -> None:
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    await administration.remove(lane.tenant, URI, keep_values=False, actor=ACTOR)
    await administration.add(lane.tenant, schema({"name": "semester"}), "Group", drop_misfits=False, actor=ACTOR)
    (extension,) = await administration.schemas(lane.tenant)
    assert extension.resource_type == "Group"


async def test_uris_are_taken_once_and_schemas_are_counted(administration: SchemaAdministration, lane: Lane) -> None:
    for number in range(MAX_SCHEMAS):
        document = schema(SEMESTER, uri=f"urn:example:campus:{number}")
        await administration.add(lane.tenant, document, "User", drop_misfits=False, actor=ACTOR)
    with pytest.raises(RefusedError, match="which is the most"):
        await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    await administration.remove(lane.tenant, "urn:example:campus:0", keep_values=False, actor=ACTOR)
    for uri in ("urn:example:campus:1", "urn:example:campus:1:more", "urn:example:campus"):
        with pytest.raises(RefusedError, match="id:"):
            await administration.add(lane.tenant, schema(SEMESTER, uri=uri), "Group", drop_misfits=False, actor=ACTOR)


async def test_each_act_is_in_the_audit_log(administration: SchemaAdministration, lane: Lane) -> None:
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    await administration.change(lane.tenant, CAMPUS, actor=ACTOR)
    await administration.remove(lane.tenant, URI, keep_values=False, actor=ACTOR)
    noted = [(entry.action, entry.principal, entry.target) for entry in await lane.audit()]
    assert noted == [(f"schema.{what}", "operator:ada", URI) for what in ("added", "changed", "removed")]


async def test_another_tenants_schema_is_unknown(administration: SchemaAdministration, lane: Lane, other: Lane) -> None:
    await administration.add(lane.tenant, CAMPUS, "User", drop_misfits=False, actor=ACTOR)
    for act in (
        administration.schema(other.tenant, URI),
        administration.change(other.tenant, CAMPUS, actor=ACTOR),
        administration.remove(other.tenant, URI, keep_values=True, actor=ACTOR),
        administration.schemas("nobody"),
        administration.add(other.tenant, CAMPUS, "Device", drop_misfits=False, actor=ACTOR),
    ):
        with pytest.raises(RefusedError):
            await act
    assert (await made(other, "u1", semester="third")) == ResourceId(f"{1:032x}")
