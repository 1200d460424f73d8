"""The directory and the LMS side in SQLite."""

from tenants.directory.sqlite.pending import SqlitePendingReader
from tenants.directory.sqlite.reader import SqliteAccountReader, SqliteDirectoryReader
from tenants.directory.sqlite.writer import SqliteDirectoryWriter

__all__ = ["SqliteAccountReader", "SqliteDirectoryReader", "SqliteDirectoryWriter", "SqlitePendingReader"]
