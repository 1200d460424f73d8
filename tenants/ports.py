"""All ports opened; and the narrower sets that a gateway and a worker get."""

from dataclasses import dataclass

from tenants.audit.port import AuditArchive, AuditLog
from tenants.bus.port import CommandSender, LaneReader, Notices
from tenants.directory.pending import PendingReader
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.writer import DirectoryWriter
from tenants.jobs.port import Jobs
from tenants.outbox.port import Outbox
from tenants.read_cache.port import ReadCache
from tenants.registry.port import Registry


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """What a gateway gets: nothing here can write the directory."""

    registry: Registry
    directory: DirectoryReader
    read_cache: ReadCache
    audit: AuditLog
    sender: CommandSender
    notices: Notices


@dataclass(frozen=True, slots=True)
class WorkerPorts:
    """What a worker gets."""

    registry: Registry
    directory: DirectoryWriter
    lanes: LaneReader
    notices: Notices
    jobs: Jobs
    pending: PendingReader
    accounts: AccountReader
    reader: DirectoryReader
    """In which jobs find whom a filter asks for."""
    sender: CommandSender
    """By which the steps of jobs are put on the lanes."""


@dataclass(frozen=True, slots=True)
class AdministrationPorts:
    """What the administration's use cases get."""

    registry: Registry
    accounts: AccountReader
    audit: AuditArchive
    outbox: Outbox
    jobs: Jobs
    pending: PendingReader
    notices: Notices | None
    """None where the bus is in another process; polling takes its place."""
