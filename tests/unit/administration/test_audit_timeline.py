"""The timeline of a person and of a request: request, decision, effects, events."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from tenants.administration.actor import RefusedError
from tenants.administration.audit_timeline import StepKind, Timelines
from tenants.audit.port import AuditEntry
from tenants.policies.settings import Deprovisioning, OperationMode, Policies
from tests.support.lane import Lane, open_lanes
from tests.support.stores import administration_ports

R, D, F, V = StepKind.REQUEST, StepKind.DECISION, StepKind.EFFECT, StepKind.EVENT


@pytest.fixture
async def lanes() -> AsyncIterator[list[Lane]]:
    async with open_lanes("acme", "globex", policies=Policies(mode=OperationMode.SYNC)) as lanes:
        yield lanes


@pytest.fixture
def acme(lanes: list[Lane]) -> Lane:
    return lanes[0]


def _timelines(lane: Lane) -> Timelines:
    stores = lane.stores
    ports = administration_ports(stores)
    return Timelines(ports, stores.directory)


async def _told(lane: Lane, person: str) -> list[tuple[StepKind, str]]:
    steps = await _timelines(lane).of_person(lane.tenant, person, limit=100)
    return [(step.kind, step.text) for step in steps]


async def test_a_persons_timeline_goes_from_request_to_event(lanes: list[Lane]) -> None:
    anns = [lane.create(userName="ann@example.com") for lane in lanes]
    for lane, ann in zip(lanes, anns, strict=True):
        await lane.run(ann, *(lane.create(userName=f"{number}@example.com") for number in range(40)))
        await lane.made(lane.patch(ann.resource_id, {"op": "replace", "path": "active", "value": False}))
    acme, id = lanes[0], anns[0].resource_id

    told = await _told(acme, "ANN@example.com")

    assert told == [
        (R, "scim.create by token:t1 (Entra ID) from 192.0.2.1"),
        (D, "applied: userName, active"),
        (F, "applied to the LMS: account.created"),
        (V, f"account.created {id}"),
        (R, "scim.patch by token:t1 (Entra ID) from 192.0.2.1"),
        (D, "applied: active"),
        (F, "applied to the LMS: account.disabled"),
        (V, f"account.disabled {id}"),
    ]
    assert await _told(acme, id) == told


async def test_the_erased_and_the_detached_are_told_to_the_end(acme: Lane) -> None:
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    ann = acme.create(userName="ann@example.com")
    await acme.made(ann)
    await acme.made(acme.delete(ann.resource_id))

    told = await _told(acme, ann.resource_id)

    assert told[-2:] == [(F, "applied to the LMS: account.erased"), (V, f"account.erased {ann.resource_id}")]


async def test_what_a_dry_run_holds_is_said_to_be_held(acme: Lane) -> None:
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    ann = acme.create(userName="ann@example.com")
    await acme.made(ann)

    told = await _told(acme, ann.resource_id)

    assert [kind for kind, _ in told] == [R, D, F]
    assert told[-1][1].startswith("held (dry_run)")


async def test_a_refusal_has_its_reason_and_no_effect(acme: Lane) -> None:
    await acme.run(acme.delete("f" * 32))

    assert (await _told(acme, "f" * 32))[1:] == [(D, "rejected: User does not exist")]


async def test_a_requests_timeline_holds_what_it_did_and_nothing_else_of_its_transaction(acme: Lane) -> None:
    caller = msgspec.structs.replace(acme.create(userName="x").caller, request_id="r9")
    ann = msgspec.structs.replace(acme.create(userName="ann@example.com", externalId="A"), caller=caller)
    await acme.run(ann, acme.create(userName="bob@example.com"))
    leave = msgspec.structs.replace(
        acme.delete(ann.resource_id), caller=msgspec.structs.replace(caller, request_id="r10")
    )
    back = acme.create(userName="ann2@example.com", externalId="A")
    await acme.run(leave)
    await acme.run(back)
    again = acme.delete(back.resource_id)
    again = msgspec.structs.replace(again, caller=msgspec.structs.replace(caller, request_id="r11"))
    await acme.run(again)

    timelines = _timelines(acme)
    made, left, gone = [await timelines.of_request("acme", id, limit=10) for id in ("r9", "r10", "r11")]

    assert [step.text for step in made if step.kind is V] == [f"account.created {ann.resource_id}"]
    assert [step.text for step in left if step.kind is V] == [f"account.disabled {ann.resource_id}"]
    # The account that came back is still under its first id.
    assert [step.text for step in gone if step.kind is V] == [f"account.disabled {ann.resource_id}"]
    assert [step.kind for step in made] == [R, D, F, V]


async def test_events_are_found_however_many_there_are(acme: Lane) -> None:
    people = [acme.create(userName=f"{number}@example.com") for number in range(90)]
    for start in range(0, 90, 30):
        await acme.run(*people[start : start + 30])

    for person in (people[0], people[29], people[30], people[89]):
        assert (await _told(acme, person.resource_id))[-1] == (V, f"account.created {person.resource_id}")


async def test_another_tenants_people_and_requests_are_unknown(lanes: list[Lane]) -> None:
    acme, globex = lanes
    ann = acme.create(userName="ann@example.com")
    await acme.made(ann)
    for person in ("ann@example.com", ann.resource_id):
        with pytest.raises(RefusedError, match="knows nothing of"):
            await _timelines(globex).of_person("globex", person, limit=10)
    with pytest.raises(RefusedError, match="knows nothing of the request"):
        await _timelines(globex).of_request("globex", "r1", limit=10)


async def test_a_write_that_the_gateway_refused_is_found_by_its_request(acme: Lane) -> None:
    details = {"status": 400, "scimType": "invalidValue", "reason": "userName must be a string", "count": 1}
    once = AuditEntry(
        "2026-11-25T14:49:10.123Z", "scim.create", "refused", "token:t1", request_id="r1", details=details
    )
    often = msgspec.structs.replace(
        once, request_id="r2", outcome="put_off", details={"reason": "too many", "count": 1_200}
    )
    await acme.stores.audit.append(acme.tenant, [once, often])

    async def told(request: str) -> list[tuple[StepKind, str]]:
        steps = await _timelines(acme).of_request(acme.tenant, request, limit=100)
        return [(step.kind, step.text) for step in steps]

    asked = (R, "scim.create by token:t1")
    assert await told("r1") == [asked, (D, "refused: userName must be a string")]
    assert await told("r2") == [asked, (D, "put_off: too many (1,200 times, this one the last)")]
