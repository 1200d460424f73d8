"""Rollcall as an operator runs it: real processes in either shape, and the command line beside them."""

import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient

from deploy.commands.session import Session, open_session
from deploy.settings import Settings, read_settings
from deploy.signing import keys_of, with_signing_keys
from deploy.wiring import Stores, open_stores
from schemas.ids import TenantId
from tenants.administration.tenants import SettingsChange
from tenants.policies.settings import OperationMode
from tenants.tenant import Dialect
from tests.support.rollcall import (
    Ran,
    exit_code,
    last_words_of,
    log_of,
    rollcall,
    run_rollcall,
    wait_for_text,
    wait_until_ready,
    whole_environment,
)
from tests.support.services.scratch import LaunchedProcess, Scratch, scratch
from tests.support.services.waiting import free_port


@dataclass(frozen=True, slots=True)
class Access:
    """What a provisioning client of one tenant is given."""

    tenant: TenantId
    urls: tuple[str, ...]
    """The Tenant URL at each gateway."""
    token: str


class Shape:
    """A running Rollcall."""

    def __init__(self, scratch: Scratch, environment: Mapping[str, str], ports: Sequence[int]) -> None:
        """Run nothing yet; gateways will listen on these ports."""
        self.environment = dict(environment)
        self.tokens: list[str] = []
        """Every token that was issued through this value."""
        self._scratch = scratch
        self._ports = tuple(ports)
        self._launched: list[LaunchedProcess] = []
        self._running: list[LaunchedProcess] = []

    @property
    def urls(self) -> tuple[str, ...]:
        """The gateways' addresses."""
        return tuple(f"http://127.0.0.1:{port}" for port in self._ports)

    @property
    def settings(self) -> Settings:
        """What the processes read from their environment."""
        return with_signing_keys(read_settings(self.environment))

    @property
    def signing_key(self) -> str:
        """What tokens are signed with."""
        return keys_of(self.settings).current.secret.decode()

    @property
    def running(self) -> list[LaunchedProcess]:
        """All processes that run now."""
        return list(self._running)

    @property
    def workers(self) -> list[LaunchedProcess]:
        """The workers that run now, the oldest first."""
        return [process for process in self._running if process.name.startswith("worker")]

    # Processes

    def start_serve(self, *arguments: str) -> LaunchedProcess:
        """Start the embedded shape's one process; return once it serves."""
        process = self._launch("serve", ["serve", *arguments], self._ports[0])
        wait_until_ready(process, self._ports[0])
        return process

    def start_distributed(self, workers: int) -> None:
        """Start a gateway on each port, and workers, all at once; return once they serve."""
        gateways = [self._launch("gateway", ["gateway"], port) for port in self._ports]
        self.start_workers(workers)
        for gateway, port in zip(gateways, self._ports, strict=True):
            wait_until_ready(gateway, port)

    def start_workers(self, count: int = 1) -> list[LaunchedProcess]:
        """Start workers; return once all of them have begun."""
        workers = [self._launch("worker", ["worker"], self._ports[0]) for _ in range(count)]
        for worker in workers:
            wait_for_text(worker, "Worker started")
        return workers

    def kill(self, process: LaunchedProcess) -> None:
        """End the process at once (SIGKILL)."""
        self._running.remove(process)
        process.kill()

    def stop(self, process: LaunchedProcess, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the process to end; return its exit code."""
        self._running.remove(process)
        process.popen.send_signal(number)
        return exit_code(process)

    def close(self) -> None:
        """Stop what runs, and hold the processes to what is promised of each of them, whatever happened meanwhile."""
        for process in self._running:
            process.popen.terminate()
        codes = {process.name: exit_code(process) for process in self._running}
        self._running.clear()
        assert all(code == 0 for code in codes.values()), f"not stopped cleanly: {codes}"
        for token in self.tokens:
            assert token not in self.logs(), "a log holds a token"

    def logs(self) -> str:
        """Return all that the processes have written."""
        return "".join(map(log_of, self._launched))

    def last_words(self) -> str:
        """Return the end of what each process has written, without the requests that it answered."""
        return "\n".join(f"--- {process.name}\n{last_words_of(process)}\n" for process in self._launched)

    # The command line

    def command(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        """Run ``rollcall`` to its end, with the processes' environment unless another is given."""
        chosen = self.environment if environment is None else environment
        return run_rollcall(*arguments, environment=chosen, folder=self._scratch.folder)

    # Behind the processes' backs

    def stores(self) -> AbstractAsyncContextManager[Stores]:
        """Open the store ports over the processes' database."""
        return open_stores(self.environment["ROLLCALL_STORE_URL"])

    @asynccontextmanager
    async def administration(self) -> AsyncIterator[Session]:
        """Open the administration's use cases over the processes' database; the processes are told of changes."""
        async with open_session(self.settings) as session:
            yield session

    async def admit(self, *names: str, dialect: Dialect = Dialect.TOLERANT, is_guarded: bool = False) -> list[Access]:
        """Make tenants in sync mode whose names begin with these words, each with a token.

        The guard is off unless it is wanted: tests deprovision as they like.
        """
        settings = SettingsChange(mode=OperationMode.SYNC, dialect=dialect)
        async with self.administration() as session:
            admitted = [await self._admit(session, new_name(name), settings) for name in names]
            if not is_guarded:
                for access in admitted:
                    await session.guard.set(access.tenant, limit=None, is_on=False, actor=session.actor)
            return admitted

    async def _admit(self, session: Session, name: str, settings: SettingsChange) -> Access:
        tenant = await session.tenants.create(name, settings, actor=session.actor)
        issued = await session.tokens.create(name, name="provisioning", expires=None, actor=session.actor)
        return self.access(tenant.id, issued.token)

    def access(self, tenant: str, token: str) -> Access:
        """Return what a client with the token is given; the token is watched for from now on."""
        self.tokens.append(token)
        return Access(TenantId(tenant), tuple(f"{url}/scim/v2/{tenant}" for url in self.urls), token)

    def _launch(self, role: str, arguments: Sequence[str], port: int) -> LaunchedProcess:
        name = f"{role}-{len(self._launched) + 1}"
        environment = whole_environment({**self.environment, "ROLLCALL_PORT": str(port)})
        process = self._scratch.launch(name, rollcall(*arguments), environment)
        self._launched.append(process)
        self._running.append(process)
        return process


@contextmanager
def open_embedded(data: Path) -> Iterator[Shape]:
    """Yield the embedded shape over the folder, serving; stopped afterwards."""
    with new_embedded(data) as shape:
        shape.start_serve()
        yield shape


@contextmanager
def new_embedded(data: Path) -> Iterator[Shape]:
    """Yield the embedded shape over the folder, not started yet; stopped afterwards."""
    port = free_port()
    environment = {
        "ROLLCALL_DATA": str(data),
        "ROLLCALL_STORE_URL": f"sqlite:///{data}/rollcall.sqlite",
        "ROLLCALL_PORT": str(port),
    }
    with _open(environment, [port]) as shape:
        yield shape


@contextmanager
def open_distributed(
    *, mongodb_url: str, amqp_url: str, gateways: int = 2, workers: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[Shape]:
    """Yield the distributed shape over a database of its own, serving; stopped afterwards, the database dropped.

    Lanes are told apart by their tenants alone, so shapes on one broker do not overlap in time.
    """
    with new_distributed(mongodb_url=mongodb_url, amqp_url=amqp_url, gateways=gateways, settings=settings) as shape:
        shape.start_distributed(workers)
        yield shape


@contextmanager
def new_distributed(
    *, mongodb_url: str, amqp_url: str, gateways: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[Shape]:
    """Yield the distributed shape over a database of its own, not started yet; cleaned up likewise."""
    ports = [free_port() for _ in range(gateways)]
    store_url = _with_database(mongodb_url, new_name("integration"))
    environment = {
        "ROLLCALL_STORE_URL": store_url,
        "ROLLCALL_BUS_URL": amqp_url,
        "ROLLCALL_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "ROLLCALL_SIGNING_KEY": secrets.token_urlsafe(48),
        **(settings or {}),
    }
    with _open(environment, ports) as shape:
        yield shape
    with MongoClient[dict[str, object]](store_url) as client:
        client.drop_database(client.get_default_database().name)


@contextmanager
def _open(environment: Mapping[str, str], ports: Sequence[int]) -> Iterator[Shape]:
    with scratch("rollcall-shape-") as folder:
        shape = Shape(folder, environment, ports)
        try:
            yield shape
            shape.close()
        finally:
            # Pytest shows it where the test failed.
            sys.stdout.write(shape.last_words())


def new_name(word: str) -> str:
    """Return a name that nothing had before."""
    return f"{word}-{secrets.token_hex(5)}"


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
