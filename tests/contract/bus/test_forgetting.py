"""What parked commands say of somebody goes for good; the rest stays parked."""

from collections.abc import Sequence

from schemas.ids import CommandId, ResourceId, TenantId
from schemas.messages.administration import ImportAccounts, LmsAccount
from schemas.messages.callers import Caller
from schemas.messages.commands import Command, CreateResource, DeleteResource
from tenants.bus.port import CommandSender, LaneReader, ParkedLane
from tests.contract.bus.messages import ACME, GLOBEX, take
from tests.contract.bus.processes import Processes

ANN, BEN = ResourceId("01" * 16), ResourceId("02" * 16)
CALLER = Caller("token:t1", "Entra", "192.0.2.7", "Entra SCIM", "r1")


def create(tenant: TenantId, id: str, person: ResourceId) -> Command:
    attributes = {"userName": f"{id}@example.com"}
    return CreateResource(CommandId(id), tenant, CALLER, 1795618165.0, "User", person, attributes)


def delete(id: str, person: ResourceId) -> Command:
    return DeleteResource(CommandId(id), ACME, CALLER, 1795618165.0, "User", person)


def bring(id: str, *accounts: LmsAccount) -> Command:
    return ImportAccounts(CommandId(id), ACME, CALLER, 1795618165.0, accounts)


async def park(gateway: CommandSender, worker: LaneReader, tenant: TenantId, *commands: Command) -> None:
    await gateway.send(tenant, commands)
    (delivery,) = await take(worker)
    await worker.park(delivery, "it failed")


async def parked(lane: ParkedLane, tenant: TenantId) -> Sequence[Sequence[Command]]:
    return sorted((one.commands for one in await lane.parked(tenant, limit=10)), key=lambda each: each[0].id)


async def test_commands_about_somebody_are_forgotten_and_all_others_stay(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await park(gateway, worker, ACME, create(ACME, "a1", ANN))
    await park(gateway, worker, ACME, create(ACME, "a2", ANN), create(ACME, "a3", BEN))
    await park(gateway, worker, ACME, create(ACME, "a4", BEN), delete("a5", ANN))

    assert await lane.forget_people(ACME, {ANN}) == 2

    assert await parked(lane, ACME) == [
        (create(ACME, "a3", BEN),),
        (create(ACME, "a4", BEN), delete("a5", ANN)),
    ]
    assert {(one.reason, bool(one.parked)) for one in await lane.parked(ACME, limit=10)} == {("it failed", True)}


async def test_an_import_goes_on_without_the_forgotten(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    ann, ben = LmsAccount("lms-1", "ann"), LmsAccount("lms-2", "ben")
    await park(gateway, worker, ACME, bring("a1", ann, ben))

    assert await lane.forget_people(ACME, {"lms-1"}) == 1
    assert await lane.forget_people(ACME, {"lms-1"}) == 0

    assert await parked(lane, ACME) == [(bring("a1", ben),)]


async def test_another_tenants_commands_are_not_looked_at(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(GLOBEX), await processes.parked_lane()
    await park(gateway, worker, GLOBEX, create(GLOBEX, "g1", ANN))

    assert await lane.forget_people(ACME, {ANN}) == 0

    assert await parked(lane, GLOBEX) == [(create(GLOBEX, "g1", ANN),)]
