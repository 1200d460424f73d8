"""What every kind of test shares: the real services."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from tests.support.services import BOTH, MONGODB, RABBITMQ, Service, intention, start_service

_SERVICE_LINES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what the services' start has to tell; let tracebacks in logs be short, which makes them quick."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    config.stash[_SERVICE_LINES] = []


def pytest_report_header() -> list[str]:
    """Say where the services will come from."""
    return [intention(name) for name in BOTH]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the services that were used came from."""
    lines = config.stash[_SERVICE_LINES]
    if lines:
        terminalreporter.section("services")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture(scope="session")
def rabbitmq_service(pytestconfig: pytest.Config) -> Iterator[Service]:
    """RabbitMQ, started when a test first asks for it and shared by the whole run."""
    with start_service(RABBITMQ, say=pytestconfig.stash[_SERVICE_LINES].append) as service:
        yield service


@pytest.fixture(scope="session")
def mongodb_service(pytestconfig: pytest.Config) -> Iterator[Service]:
    """MongoDB, started when a test first asks for it and shared by the whole run."""
    with start_service(MONGODB, say=pytestconfig.stash[_SERVICE_LINES].append) as service:
        yield service


@pytest.fixture(scope="session")
def amqp_url(rabbitmq_service: Service) -> str:
    """Where RabbitMQ is."""
    return rabbitmq_service.url


@pytest.fixture(scope="session")
def mongodb_url(mongodb_service: Service) -> str:
    """Where MongoDB is."""
    return mongodb_service.url


@pytest.fixture
def broker(rabbitmq_service: Service, pytestconfig: pytest.Config) -> Iterator[Service]:
    """RabbitMQ for a test that stops, kills and starts it; runs again afterwards, whatever the test did."""
    with _restartable(RABBITMQ, rabbitmq_service, pytestconfig) as service:
        yield service


@pytest.fixture
def mongo(mongodb_service: Service, pytestconfig: pytest.Config) -> Iterator[Service]:
    """MongoDB for a test that stops, kills and starts it; runs again afterwards, whatever the test did."""
    with _restartable(MONGODB, mongodb_service, pytestconfig) as service:
        yield service


@contextmanager
def _restartable(name: str, shared: Service, config: pytest.Config) -> Iterator[Service]:
    if shared.is_restartable:
        yield shared
        shared.ensure_running()
    else:
        say = config.stash[_SERVICE_LINES].append
        with start_service(name, say=say, must_be_restartable=True) as service:
            yield service
