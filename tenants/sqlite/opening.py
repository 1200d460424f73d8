"""Opening a SQLite file, made or brought up to this release's tables where needed."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenants.errors import PortUnavailableError
from tenants.sqlite.store import Connection, SqliteStore, in_transaction, translated
from tenants.sqlite.tables import MIGRATIONS

READERS = 3
"""Threads that read at the same time."""
BUSY_SECONDS = 5.0
"""How long a writer waits for another process's transaction."""
PRAGMAS = (
    # A commit returns when it is on the disk.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = OFF",
    # 16 MiB of pages for each connection.
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
    # What is deleted is overwritten: an erased person is not to be found in the file's free places.
    "PRAGMA secure_delete = ON",
    # After a burst the journal shrinks back to 64 MiB.
    "PRAGMA journal_size_limit = 67108864",
)
MEMORY = ":memory:"
_OLDEST_SQLITE = (3, 38, 0)
"""The first with all of JSON, RETURNING and UPDATE FROM built in."""
_ATTEMPTS, _PAUSE_SECONDS = 100, 0.05


class UnknownFileVersionError(Exception):
    """The file was written by a newer release, or is none of ours; nothing was changed."""


@asynccontextmanager
async def open_sqlite(path: str) -> AsyncIterator[SqliteStore]:
    """Open the file, made or brought up to this release's tables where needed; ``:memory:`` is gone when closed.

    Raises:
        UnknownFileVersionError: A newer release wrote it, or it is not ours.
        PortUnavailableError: It cannot be opened, or the SQLite library is too old.
    """
    store = await asyncio.to_thread(_open, path)
    try:
        yield store
    finally:
        await store.aclose()


def _open(path: str) -> SqliteStore:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise PortUnavailableError(f"SQLite {sqlite3.sqlite_version} is too old; this needs 3.38 or later")
    writer = _connect(path)
    try:
        translated(writer, _prepare)
        readers = () if path == MEMORY else tuple(_connect(path) for _ in range(READERS))
    except BaseException:
        writer.close()
        raise
    return SqliteStore(writer, readers)


def _connect(path: str) -> Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
        )
    except sqlite3.Error as error:
        raise PortUnavailableError(f"the database {path} cannot be opened: {error}") from error
    try:
        translated(connection, _configure)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: Connection) -> None:
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _prepare(connection: Connection) -> None:
    """Bring the file to the last version of the tables."""
    _version(connection)
    _keep_a_journal(connection)
    in_transaction(connection, _migrate)


def _keep_a_journal(connection: Connection) -> None:
    """Put the file into WAL mode; while another process does so, SQLite does not wait by itself."""
    for attempt in range(_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_SECONDS)


def _migrate(connection: Connection) -> None:
    for migration in MIGRATIONS[_version(connection) :]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: Connection) -> int:
    """Return the version of the file's tables, having refused a file that is not for us to write."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise UnknownFileVersionError(
            f"the database file has version {version}, this release knows versions up to {len(MIGRATIONS)}; "
            "use the newer release that wrote it"
        )
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise UnknownFileVersionError("the database file holds tables of another program")
    return int(version)
