"""What every command needs: settings, ports, who acts, and one way to show a result or a fault."""

import asyncio
import getpass
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.commands.terminal import Harmless, harmless
from deploy.settings import Settings, SettingsError, read_settings
from deploy.signing import keys_of, with_signing_keys
from deploy.wiring import Bus, Stores, administration_ports, open_bus, open_stores
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.audit import AuditAdministration
from tenants.administration.audit_timeline import Timelines
from tenants.administration.drift import DriftAdministration
from tenants.administration.extended import ExtendedResources
from tenants.administration.guard import GuardAdministration
from tenants.administration.jobs import JobAdministration
from tenants.administration.mode import ModeAdministration
from tenants.administration.parked import ParkedAdministration
from tenants.administration.plans import PlanAdministration
from tenants.administration.preview import Preview
from tenants.administration.rehearsal import SettingsAdministration
from tenants.administration.schemas import SchemaAdministration
from tenants.administration.tenants import TenantAdministration
from tenants.administration.tokens import TokenAdministration
from tenants.bus.port import Notices, ParkedLane
from tenants.bus.shelf import ShelfParkedLane
from tenants.errors import PortUnavailableError

T = TypeVar("T")

AS_JSON = typer.Option(False, "--json", help="Print JSON instead of a table.")

_REFUSED, _BAD_SETTINGS, _UNAVAILABLE = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Session:
    """One command's open ports and use cases."""

    settings: Settings
    stores: Stores
    tenants: TenantAdministration
    tokens: TokenAdministration
    schemas: SchemaAdministration
    audit: AuditAdministration
    timelines: Timelines
    jobs: JobAdministration
    modes: ModeAdministration
    preview: Preview
    plans: PlanAdministration
    parked: ParkedAdministration
    drift: DriftAdministration
    changes: SettingsAdministration
    guard: GuardAdministration
    actor: Actor


@asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[Session]:
    """Open the store, and the bus for notices where it is to be had: without them other processes learn by polling."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings.store_url))
        bus = await _bus(settings, stack)
        notices = bus.notices if bus is not None else None
        yield session_over(settings, stores, notices, parked=_parked_lane(settings, stores, bus))


def session_over(
    settings: Settings, stores: Stores, notices: Notices | None, *, parked: ParkedLane | None = None
) -> Session:
    """Return the use cases over open stores; without a parked lane nothing can be done about parked commands."""
    ports = administration_ports(stores, notices)
    tokens = TokenAdministration(
        ports, keys=keys_of(settings), clock=time.time, new_id=lambda: uuid4().hex, cap_days=settings.token_cap_days
    )
    tenants = TenantAdministration(ports, clock=time.time)
    jobs = JobAdministration(ports, clock=time.time, new_id=lambda: uuid4().hex)
    modes = ModeAdministration(tenants, jobs, stores.pending)
    preview = Preview(stores.pending, stores.writer, clock=time.time)
    return Session(
        settings=settings,
        stores=stores,
        tenants=tenants,
        tokens=tokens,
        schemas=SchemaAdministration(ports, ExtendedResources(stores.directory, stores.writer), clock=time.time),
        audit=AuditAdministration(ports, clock=time.time),
        timelines=Timelines(ports, stores.directory),
        jobs=jobs,
        modes=modes,
        preview=preview,
        plans=PlanAdministration(stores.plans, preview, stores.audit, clock=time.time, new_id=lambda: uuid4().hex),
        parked=ParkedAdministration(ports, parked, clock=time.time),
        drift=DriftAdministration(ports, stores.writer, jobs),
        changes=SettingsAdministration(ports, tenants, modes, jobs),
        guard=GuardAdministration(tenants, jobs, stores.pending, stores.writer, clock=time.time),
        actor=Actor(f"operator:{getpass.getuser()}", agent="rollcall command line"),
    )


async def _bus(settings: Settings, stack: AsyncExitStack) -> Bus | None:
    if settings.is_embedded:
        return None
    try:
        return await stack.enter_async_context(open_bus(settings.bus_url, name="command", quorum=settings.uses_quorum))
    except PortUnavailableError as error:
        typer.echo(f"The bus cannot be reached ({error}); other processes will learn of this within seconds.", err=True)
        return None


def _parked_lane(settings: Settings, stores: Stores, bus: Bus | None) -> ParkedLane | None:
    """Return what was parked: the broker keeps it, or the embedded shape's file; None where it is out of reach."""
    if bus is not None:
        return bus.parked
    return ShelfParkedLane(stores.shelf) if settings.is_embedded and stores.shelf is not None else None


def run(work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
    """Run a command's work in a session; faults become a message and an exit code.

    Exit codes: 1 refused, 2 settings at fault, 3 a store or broker cannot be reached.
    """

    async def in_session() -> T:
        async with open_session(settings_or_exit()) as session:
            return await work(session)

    return run_to_end(in_session())


def run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; faults become a message and an exit code."""
    try:
        return asyncio.run(coroutine)
    except RefusedError as error:
        fail(str(error), _REFUSED)
    except SettingsError as error:
        fail(str(error), _BAD_SETTINGS)
    except PortUnavailableError as error:
        fail(f"{error}. `rollcall check` tells more.", _UNAVAILABLE)


def settings_or_exit() -> Settings:
    """Return the settings of the environment, or end with all of its faults."""
    try:
        return with_signing_keys(read_settings(os.environ))
    except SettingsError as error:
        fail(str(error), _BAD_SETTINGS)


def fail(message: str, code: int) -> NoReturn:
    """Tell standard error what is wrong, and end."""
    for line in message.splitlines():
        typer.echo(f"rollcall: {harmless(line)}", err=True)
    raise typer.Exit(code)


def show(value: Any, *, as_json: bool, table: Callable[[], Table | Text | str]) -> None:
    """Print a result as JSON, or as people read it."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
        return
    # What others chose, like names and filters, is text, whatever it looks like to a console.
    Console(soft_wrap=True, markup=False, emoji=False).print(Harmless(table()), highlight=False)


def table_of(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a plain table."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "" for cell in row))
    return table
