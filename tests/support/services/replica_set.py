"""Making one mongod into a replica set of one, and waiting until it takes writes."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tests.support.services.waiting import wait_until

REPLICA_SET = "rs0"

_TIMEOUT_SECONDS = 120.0
_ALREADY_INITIATED = 23

Client = MongoClient[dict[str, Any]]


def initiate_replica_set(address: str, *, member: str, check_alive: Callable[[], None]) -> None:
    """Return once the mongod at the address is primary of a replica set in which it is known as ``member``.

    Raises:
        ServiceUnavailableError: from ``check_alive``, or when it takes too long.
    """
    with _connected(address) as client:

        def is_primary() -> bool:
            check_alive()
            try:
                return _is_primary(client, member)
            except PyMongoError:
                return False

        wait_until(is_primary, awaited="MongoDB to be primary", timeout_seconds=_TIMEOUT_SECONDS)


def _is_primary(client: Client, member: str) -> bool:
    hello = client.admin.command("hello")
    if "setName" not in hello:
        _initiate(client, member)
    return bool(hello.get("isWritablePrimary"))


def _initiate(client: Client, member: str) -> None:
    configuration = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": member}]}
    try:
        client.admin.command("replSetInitiate", configuration)
    except OperationFailure as error:
        if error.code != _ALREADY_INITIATED:
            raise


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    url = f"mongodb://{address}/?directConnection=true"
    client: Client = MongoClient(url, serverSelectionTimeoutMS=500, connectTimeoutMS=500)
    try:
        yield client
    finally:
        client.close()
