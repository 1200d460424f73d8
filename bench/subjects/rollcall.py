"""Rollcall itself, in both shapes, made ready through its own command line."""

import json
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.load.exchange import Target
from bench.subjects.subject import GATEWAY, ROOT, WORKER, Stand, Subject, python, wait_for_port
from tests.support.services.waiting import free_port

DISTRIBUTED = "Rollcall distributed"
EMBEDDED = "Rollcall embedded"

_COMMANDS_AT_ONCE = 2


class CommandFailedError(Exception):
    """Rollcall's command line ended with an error."""


@contextmanager
def open_distributed(stand: Stand, tenants: int) -> Iterator[Subject]:
    """Yield one gateway and one worker over RabbitMQ and MongoDB."""
    port = free_port()
    database = stand.new_name("rollcall")
    environment = _environment(port, stand.mongodb_url(database), stand.services.amqp_url)
    targets = _create_tenants(database, tenants, port, environment)
    with (
        stand.running("worker", _rollcall("worker"), environment) as worker,
        stand.running("gateway", _rollcall("gateway"), environment) as gateway,
    ):
        wait_for_port(gateway, port)
        roles = {GATEWAY: [gateway.pid], WORKER: [worker.pid], **stand.service_roles()}
        yield Subject(DISTRIBUTED, targets, roles)


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
    targets = _create_tenants(name, tenants, port, environment)
    with stand.running("serve", _rollcall("serve"), environment) as process:
        wait_for_port(process, port)
        yield Subject(EMBEDDED, targets, {GATEWAY: [process.pid]})


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


def _create_tenants(prefix: str, count: int, port: int, environment: Mapping[str, str]) -> list[Target]:
    names = [f"{prefix}-{number}" for number in range(count)]
    with ThreadPoolExecutor(_COMMANDS_AT_ONCE) as pool:
        tokens = pool.map(lambda name: _create_tenant(name, environment), names)
        return [
            Target.at(f"http://127.0.0.1:{port}/scim/v2/{name}", token)
            for name, token in zip(names, tokens, strict=True)
        ]


def _create_tenant(name: str, environment: Mapping[str, str]) -> str:
    _output_of(environment, "tenant", "create", name, "--mode", "sync", "--json")
    # Its deletions are all meant.
    _output_of(environment, "guard", "set", name, "off", "--json")
    token = json.loads(_output_of(environment, "token", "create", name, "--json"))["token"]
    return str(token)


def _output_of(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        _rollcall(*arguments),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CommandFailedError(f"rollcall {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
