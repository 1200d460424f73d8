"""An open SQLite file: its threads, and transactions in them."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeAlias, TypeVar

from tenants.errors import DuplicateError, PortUnavailableError

T = TypeVar("T")
Connection: TypeAlias = sqlite3.Connection
Work: TypeAlias = Callable[[Connection], T]

_CHECKPOINT_PATIENCE_MS = 100
"""How long the writer's thread waits for readers to let go of the journal, with the whole file in it."""
_TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


class SqliteStore:
    """An open file; what the adapters of the store ports share."""

    def __init__(self, writer: Connection, readers: Sequence[Connection]) -> None:
        """Take over the connections; without readers the writer's thread reads too (a database in memory)."""
        self._connections = (writer, *readers)
        self._writer = writer
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")
        self._reading: Executor = (
            ThreadPoolExecutor(max_workers=len(readers), thread_name_prefix="sqlite-reader")
            if readers
            else self._writing
        )
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        for reader in readers or (writer,):
            self._idle.put(reader)
        self._is_closed = False

    async def read(self, work: Work[T]) -> T:
        """Run the reading of one statement, which sees one moment, in a thread.

        Raises:
            PortUnavailableError: The file cannot be read now, or the store is closed.
        """
        return await self._run(self._reading, lambda: self._lend(work))

    async def write(self, work: Work[T]) -> T:
        """Run the work in the writer's thread as one durable transaction; whatever it raises rolls back.

        Raises:
            DuplicateError: A unique key is taken.
            PortUnavailableError: The file cannot be written now, or the store is closed.
        """
        return await self._run(self._writing, lambda: in_transaction(self._writer, work))

    async def compact(self) -> bool:
        """Write the file anew, with what is in it and nothing else, and leave the journal empty.

        Deleted content is overwritten where it was, but pages that were rearranged may hold copies of it. Nobody can
        write meanwhile. False: a reader, perhaps of another process, still holds on to the journal.

        Raises:
            PortUnavailableError: The file cannot be written now, or the store is closed.
        """
        return await self._run(self._writing, lambda: translated(self._writer, _compact))

    async def aclose(self) -> None:
        """Finish what is under way, refuse what comes, close the file."""
        if not self._is_closed:
            self._is_closed = True
            await asyncio.to_thread(self._close)

    async def _run(self, executor: Executor, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise PortUnavailableError("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(executor, work)

    def _lend(self, work: Work[T]) -> T:
        connection = self._idle.get()
        try:
            return translated(connection, work)
        finally:
            self._idle.put(connection)

    def _close(self) -> None:
        self._writing.shutdown()
        self._reading.shutdown()
        for connection in reversed(self._connections):
            connection.close()


def _compact(connection: Connection) -> bool:
    # The copy that is made on the way may be large.
    connection.execute("PRAGMA temp_store = FILE")
    try:
        connection.execute("VACUUM")
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_PATIENCE_MS}")
    try:
        (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
    return not is_busy


def in_transaction(connection: Connection, work: Work[T]) -> T:
    """Run the work as one transaction, which waits for other writers first; whatever it raises rolls back."""

    def whole(connection: Connection) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    return translated(connection, whole)


def translated(connection: Connection, work: Work[T]) -> T:
    """Run the work, and raise the driver's errors as ours."""
    try:
        return work(connection)
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode not in _TAKEN:
            raise
        raise DuplicateError(str(error)) from error
    except sqlite3.DatabaseError as error:
        # What is "malformed" or "not a database" comes as the plain class; other subclasses are mistakes of ours.
        if not isinstance(error, sqlite3.OperationalError) and type(error) is not sqlite3.DatabaseError:
            raise
        raise PortUnavailableError(f"the database cannot be used now: {error}") from error
