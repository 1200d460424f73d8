"""The SQLite file behind the embedded store ports.

One thread writes, a few read; each piece of work is one hop to a thread and one transaction there. The file is in WAL
mode with full synchronisation: what was committed survives the loss of the process and of power, and other processes
(the command line beside ``serve``) may use the file at the same time.
"""

from tenants.sqlite.opening import UnknownFileVersionError, open_sqlite
from tenants.sqlite.statements import insert, one_document, update
from tenants.sqlite.store import Connection, SqliteStore

__all__ = [
    "Connection",
    "SqliteStore",
    "UnknownFileVersionError",
    "insert",
    "one_document",
    "open_sqlite",
    "update",
]
