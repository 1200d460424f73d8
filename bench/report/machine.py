"""What the figures were measured on and with."""

import asyncio
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import aio_pika
from pymongo import MongoClient

from bench.subjects.subject import ROOT
from tests.support.services import Services

_PACKAGES = ("aiohttp", "aio-pika", "motor", "pymongo", "uvloop", "orjson", "msgspec")
_PEER = ROOT / "bench" / "peers" / "jackson" / "node_modules" / "@boxyhq" / "saml-jackson" / "package.json"
_KIB_PER_GIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, the day and the versions."""

    date: str
    hardware: str
    load: float
    """The load average before the run: other work on the machine makes its figures worthless."""
    versions: Mapping[str, str]
    services: Mapping[str, str]
    """How each service was had."""


def describe_machine(services: Services, date: datetime, *, load: float) -> Machine:
    """Return what this run is measured on; the services still run."""
    return Machine(
        date=date.strftime("%Y-%m-%d"),
        hardware=f"{os.cpu_count()} × {_processor()}, {_memory_gib():.0f} GiB, {platform.system()}",
        load=load,
        versions={
            "Python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in _PACKAGES},
            "MongoDB": _mongodb_version(services.mongodb_url),
            "RabbitMQ": _rabbitmq_version(services.amqp_url),
            "Node.js": _node_version(),
            "@boxyhq/saml-jackson": _peer_version(),
        },
        services={name: how.partition(" of ")[0] for name, how in services.how.items()},
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor")


def _memory_gib() -> float:
    return int(Path("/proc/meminfo").read_text().split()[1]) / _KIB_PER_GIB


def _mongodb_version(url: str) -> str:
    client: MongoClient[dict[str, object]] = MongoClient(url)
    try:
        return str(client.server_info()["version"])
    finally:
        client.close()


async def _ask_rabbitmq(url: str) -> str:
    async with await aio_pika.connect(url) as connection:
        underlay = connection.transport
    return str(underlay.connection.server_properties.get("version")) if underlay else "unknown"


def _rabbitmq_version(url: str) -> str:
    return asyncio.run(_ask_rabbitmq(url))


def _node_version() -> str:
    if shutil.which("node") is None:
        return "none"
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _peer_version() -> str:
    return str(json.loads(_PEER.read_text())["version"]) if _PEER.exists() else "not installed"
