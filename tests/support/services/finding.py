"""Where a service comes from: the environment, Docker, or a private process, in this order."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.support.services import containers
from tests.support.services.installation import find_or_install_mongod, find_or_install_rabbitmq
from tests.support.services.local_broker import local_broker
from tests.support.services.local_mongo import local_mongo
from tests.support.services.service import ExternalService, Service

RABBITMQ = "RabbitMQ"
MONGODB = "MongoDB"
BOTH = (RABBITMQ, MONGODB)


@dataclass(frozen=True, slots=True)
class _Sources:
    """The places one service can come from."""

    variable: str
    image: str
    container: Callable[[], AbstractContextManager[Service]]
    process: Callable[[], AbstractContextManager[Service]]
    program: Callable[[], Path]


_SOURCES = {
    RABBITMQ: _Sources(
        variable="ROLLCALL_TEST_AMQP_URL",
        image=containers.RABBITMQ_IMAGE,
        container=containers.broker_container,
        process=local_broker,
        program=find_or_install_rabbitmq,
    ),
    MONGODB: _Sources(
        variable="ROLLCALL_TEST_MONGODB_URL",
        image=containers.MONGODB_IMAGE,
        container=containers.mongo_container,
        process=local_mongo,
        program=find_or_install_mongod,
    ),
}


@dataclass(frozen=True, slots=True)
class Services:
    """The services that were asked for, by name."""

    by_name: Mapping[str, Service]

    @property
    def broker(self) -> Service:
        """RabbitMQ."""
        return self.by_name[RABBITMQ]

    @property
    def mongo(self) -> Service:
        """MongoDB."""
        return self.by_name[MONGODB]

    @property
    def amqp_url(self) -> str:
        """RabbitMQ's URL."""
        return self.broker.url

    @property
    def mongodb_url(self) -> str:
        """MongoDB's URL."""
        return self.mongo.url

    @property
    def how(self) -> Mapping[str, str]:
        """How each service was had."""
        return {name: service.how for name, service in self.by_name.items()}


@contextmanager
def start_services(
    names: Sequence[str] = BOTH, *, say: Callable[[str], object], must_be_restartable: bool = False
) -> Iterator[Services]:
    """Yield the named services, running; those that we started are gone afterwards.

    Raises:
        ServiceUnavailableError: one of them cannot be had.
    """
    with ExitStack() as stack:
        yield Services(
            {
                name: stack.enter_context(start_service(name, say=say, must_be_restartable=must_be_restartable))
                for name in names
            }
        )


@contextmanager
def start_service(name: str, *, say: Callable[[str], object], must_be_restartable: bool = False) -> Iterator[Service]:
    """Yield one service, running; it is gone afterwards when we started it. ``say`` is told how it was had.

    Raises:
        ServiceUnavailableError: it cannot be had.
    """
    with _first_source(name, say=say, must_be_restartable=must_be_restartable) as service:
        say(f"{name}: {service.how}, at {without_password(service.url)}")
        yield service


def install_programs(*, say: Callable[[str], object]) -> None:
    """Install the programs that private processes will need, where a service has no other source.

    Raises:
        ServiceUnavailableError: one cannot be had.
    """
    for name, sources in _SOURCES.items():
        if not os.environ.get(sources.variable) and containers.obstacle_to_containers(sources.image):
            say(f"{name}: {sources.program()}")


def intention(name: str) -> str:
    """Say where a service will be looked for, without looking yet."""
    variable = _SOURCES[name].variable
    if os.environ.get(variable):
        return f"{name}: the one that {variable} names"
    return f"{name}: Docker, else a private process; started when a test first asks ({variable} would name another)"


def without_password(url: str) -> str:
    """Return the URL with its password hidden."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))


def _first_source(
    name: str, *, say: Callable[[str], object], must_be_restartable: bool
) -> AbstractContextManager[Service]:
    sources = _SOURCES[name]
    url = os.environ.get(sources.variable)
    if url and not must_be_restartable:
        return _external(url, sources.variable)
    obstacle = containers.obstacle_to_containers(sources.image)
    if not obstacle:
        return sources.container()
    say(f"{name}: {obstacle}, so a private process is started")
    return sources.process()


@contextmanager
def _external(url: str, variable: str) -> Iterator[Service]:
    yield ExternalService(url, f"the one that {variable} names")
