"""The console command ``rollcall``."""

from collections.abc import Callable, Coroutine
from typing import Any

import typer
import uvloop

from deploy.check import check as run_check
from deploy.commands import (
    accounts,
    audit,
    drift,
    guard,
    hold,
    jobs,
    logbook,
    mode,
    parked,
    preview,
    release,
    schemas,
    tenants,
    tokens,
)
from deploy.commands.session import fail, settings_or_exit
from deploy.demonstration import show_demo
from deploy.logs import set_up_logs
from deploy.processes import run_embedded, run_gateway, run_worker
from deploy.scheduling import be_scheduled
from deploy.settings import Settings
from tenants.errors import PortUnavailableError

app = typer.Typer(
    help="Rollcall: multi-tenant SCIM 2.0 provisioning for learning management systems.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(tenants.app, name="tenant")
app.add_typer(tokens.app, name="token")
app.add_typer(schemas.app, name="schema")
app.add_typer(audit.app, name="audit")
app.add_typer(hold.app, name="hold")
app.add_typer(guard.app, name="guard")
app.add_typer(accounts.app, name="accounts")
app.add_typer(jobs.app, name="job")
app.add_typer(preview.plans, name="plan")
app.add_typer(drift.app, name="drift")
app.add_typer(parked.app, name="parked")
app.command()(mode.mode)
app.command()(preview.preview)
app.command()(release.release)
app.command()(release.replay)
app.command()(logbook.events)


@app.command()
def serve(demo: bool = typer.Option(False, "--demo", help="Make a tenant to try, and show how.")) -> None:
    """Run everything in one process over a SQLite file."""
    settings = settings_or_exit()
    if not settings.is_embedded:
        fail("serve is the embedded shape; with a broker run `rollcall gateway` and `rollcall worker`", 2)
    started = (lambda stores: show_demo(settings, stores)) if demo else None
    _run(settings, lambda: run_embedded(settings, started=started))


@app.command()
def gateway() -> None:
    """Run a gateway; any number of them work side by side."""
    settings = _distributed()
    _run(settings, lambda: run_gateway(settings))


@app.command()
def worker() -> None:
    """Run a worker; any number of them work side by side."""
    settings = _distributed()
    _run(settings, lambda: run_worker(settings))


@app.command()
def check() -> None:
    """Test settings and every port, and say what is wrong."""
    raise typer.Exit(run_check())


def main() -> None:
    """Run the command line."""
    app()


def _distributed() -> Settings:
    settings = settings_or_exit()
    if settings.is_embedded:
        fail("this needs a broker: set ROLLCALL_BUS_URL to amqp://... (or run `rollcall serve`)", 2)
    return settings


def _run(settings: Settings, start: Callable[[], Coroutine[Any, Any, None]]) -> None:
    set_up_logs(level=settings.log_level, format=settings.log_format)
    be_scheduled(settings.scheduling)
    fault = ""
    try:
        uvloop.run(start())
    # What runs side by side fails in groups.
    except* PortUnavailableError as errors:
        fault = f"{_first(errors)}. `rollcall check` tells more."
    except* OSError as errors:
        fault = f"cannot listen on {settings.host}:{settings.port}: {_first(errors)}"
    if fault:
        fail(fault, 3)


def _first(errors: BaseExceptionGroup[Any]) -> BaseException:
    first: BaseException = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
