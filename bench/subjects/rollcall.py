"""Rollcall itself, in both shapes, made ready through its own command line."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.load.exchange import Target
from bench.subjects.command_line import CommandLine
from bench.subjects.subject import GATEWAY, WORKER, Stand, Subject, python, wait_for_port
from tests.support.services.waiting import free_port

DISTRIBUTED = "Rollcall distributed"
EMBEDDED = "Rollcall embedded"

_COMMANDS_AT_ONCE = 2


@contextmanager
def open_distributed(stand: Stand, tenants: int) -> Iterator[Subject]:
    """Yield one gateway and one worker over RabbitMQ and MongoDB."""
    port = free_port()
    database = stand.new_name("rollcall")
    environment = _environment(port, stand.mongodb_url(database), stand.services.amqp_url)
    names = _names(database, tenants)
    targets = _create_tenants(names, port, environment)
    with (
        stand.running("worker", _rollcall("worker"), environment) as worker,
        stand.running("gateway", _rollcall("gateway"), environment) as gateway,
    ):
        wait_for_port(gateway, port)
        roles = {GATEWAY: [gateway.pid], WORKER: [worker.pid], **stand.service_roles()}
        yield Subject(DISTRIBUTED, targets, roles, environment=environment, tenants=names)


@contextmanager
def open_embedded(stand: Stand, tenants: int) -> Iterator[Subject]:
    """Yield one process over SQLite and the in-process bus."""
    port = free_port()
    name = stand.new_name("embedded")
    data = stand.scratch.folder / name
    data.mkdir()
    environment = {
        **_environment(port, f"sqlite:///{data / 'rollcall.db'}", "inprocess://"),
        "ROLLCALL_DATA": str(data),
    }
    names = _names(name, tenants)
    targets = _create_tenants(names, port, environment)
    with stand.running("serve", _rollcall("serve"), environment) as process:
        wait_for_port(process, port)
        yield Subject(EMBEDDED, targets, {GATEWAY: [process.pid]}, environment=environment, tenants=names)


def _environment(port: int, store_url: str, bus_url: str) -> dict[str, str]:
    return {
        "PORT": str(port),
        "ROLLCALL_STORE_URL": store_url,
        "ROLLCALL_BUS_URL": bus_url,
        "ROLLCALL_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ROLLCALL_SIGNING_KEY": secrets.token_urlsafe(48),
    }


def _rollcall(*arguments: str) -> list[str]:
    return python("-c", "from deploy.cli import main; main()", *arguments)


def _names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def _create_tenants(names: Sequence[str], port: int, environment: Mapping[str, str]) -> list[Target]:
    command_line = CommandLine(environment)
    with ThreadPoolExecutor(_COMMANDS_AT_ONCE) as pool:
        tokens = pool.map(lambda name: _create_tenant(command_line, name), names)
        return [
            Target.at(f"http://127.0.0.1:{port}/scim/v2/{name}", token)
            for name, token in zip(names, tokens, strict=True)
        ]


def _create_tenant(command_line: CommandLine, name: str) -> str:
    command_line.run("tenant", "create", name, "--mode", "sync")
    # Its deletions are all meant.
    command_line.run("guard", "set", name, "off")
    return str(command_line.run("token", "create", name).answer["token"])
