"""Transactions, and what their failures mean."""

from collections.abc import Callable
from typing import TypeVar

from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from tenants.errors import DuplicateError, LaneLostError
from tenants.mongo.documents import Database
from tenants.mongo.failures import is_conflict, is_duplicate
from tenants.mongo.orphans import end_orphans

T = TypeVar("T")

_COMMITS = 3
"""How often a commit of which no answer came is asked for; the server carries it out once."""


def transact(database: Database, work: Callable[[ClientSession], T]) -> T:
    """Return what the work returns, once all it wrote is durable on a majority; when it raises, nothing is kept.

    Raises:
        LaneLostError: Another transaction wrote the same first.
        DuplicateError: A unique key is taken.
        PyMongoError: What ``port_errors`` tells apart.
    """
    try:
        # Causal consistency is for secondaries, which nobody asks here.
        with database.client.start_session(causal_consistency=False) as session:
            session.start_transaction()
            result = work(session)
            _commit(session)
            return result
    except PyMongoError as error:
        if is_duplicate(error):
            raise DuplicateError("a unique key is taken") from error
        if is_conflict(error):
            # Whoever holds the lock may be dead.
            end_orphans(database)
            raise LaneLostError("another transaction of the tenant came first") from error
        raise


def _commit(session: ClientSession) -> None:
    for _ in range(_COMMITS - 1):
        try:
            session.commit_transaction()
            return
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
    session.commit_transaction()
