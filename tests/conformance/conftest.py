"""One running service a shape for the whole folder; a new tenant for every test.

A test says which lines of the two checklists it proves: ``@pytest.mark.line("FIL-17", "13.16")``.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.support.conformance_client import Connections, Scim
from tests.support.conformance_service import ConformanceService, run_distributed_shape, run_embedded_shape

SHAPES = ("embedded", "distributed")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "line(*ids): the lines of the checklists that the test proves")


@pytest.fixture(scope="package")
def embedded_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConformanceService]:
    """The embedded shape."""
    with run_embedded_shape(tmp_path_factory.mktemp("conformance")) as service:
        yield service


@pytest.fixture(scope="package")
def distributed_service(mongodb_url: str, amqp_url: str) -> Iterator[ConformanceService]:
    """The distributed shape."""
    name = f"conformance_{uuid4().hex[:12]}"
    with MongoClient[dict[str, object]](mongodb_url) as client:
        with run_distributed_shape(
            store_url=_with_database(mongodb_url, name), bus_url=amqp_url, namespace=name
        ) as service:
            yield service
        client.drop_database(name)


@pytest.fixture(scope="package")
def embedded_connections(embedded_service: ConformanceService) -> Iterator[Connections]:
    """Connections to the embedded shape."""
    connections = Connections(embedded_service.addresses)
    yield connections
    connections.close()


@pytest.fixture(scope="package")
def distributed_connections(distributed_service: ConformanceService) -> Iterator[Connections]:
    """Connections to the distributed shape."""
    connections = Connections(distributed_service.addresses)
    yield connections
    connections.close()


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    """The shape's name."""
    return str(request.param)


@pytest.fixture
def scim(shape: str, request: pytest.FixtureRequest) -> Scim:
    """A new tenant's SCIM endpoints, in the tolerant dialect; ``scim.strict`` and ``scim.other`` are others."""
    return _new_client(shape, request)


@pytest.fixture(scope="package")
def shared_tenants() -> dict[tuple[str, str], Scim]:
    """Tenants by shape and module."""
    return {}


@pytest.fixture
def shared(shape: str, shared_tenants: dict[tuple[str, str], Scim], request: pytest.FixtureRequest) -> Scim:
    """A tenant that the tests of a module share; each reads what all need, or writes what is its own."""
    place = (shape, request.module.__name__)
    if place not in shared_tenants:
        shared_tenants[place] = _new_client(shape, request)
    return shared_tenants[place]


def _new_client(shape: str, request: pytest.FixtureRequest) -> Scim:
    service = request.getfixturevalue(f"{shape}_service")
    return Scim(service, request.getfixturevalue(f"{shape}_connections"))


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}" + (f"?{query}" if query else "")
