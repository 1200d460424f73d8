"""``rollcall check``: tests settings and every port, and says what is wrong."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import typer

from deploy.settings import Settings, SettingsError, read_settings
from deploy.signing import with_signing_keys
from deploy.wiring import open_bus, open_stores
from tenants.errors import PortUnavailableError


def check() -> int:
    """Print a line for each thing tested; return 0 when all is well, else 2 (settings) or 3 (a port)."""
    try:
        settings = with_signing_keys(read_settings(os.environ))
    except SettingsError as error:
        for fault in error.faults:
            typer.echo(f"wrong  settings: {fault}")
        return 2
    typer.echo("ok     settings")
    results = [
        _try("store", settings, lambda: _check_store(settings)),
        _try("bus", settings, lambda: _check_bus(settings)),
    ]
    return 0 if all(results) else 3


def _try(port: str, settings: Settings, test: Callable[[], Coroutine[Any, Any, str]]) -> bool:
    scheme = (settings.store_url if port == "store" else settings.bus_url).partition(":")[0]
    try:
        found = asyncio.run(test())
    except PortUnavailableError as error:
        typer.echo(f"wrong  {port} ({scheme}): {error}")
        return False
    typer.echo(f"ok     {port} ({scheme}): {found}")
    return True


async def _check_store(settings: Settings) -> str:
    async with open_stores(settings.store_url) as stores:
        return f"{len(await stores.registry.tenants())} tenants"


async def _check_bus(settings: Settings) -> str:
    async with open_bus(settings.bus_url, name="check", quorum=settings.uses_quorum):
        return "connected"
