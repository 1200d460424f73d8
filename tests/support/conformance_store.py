"""All that a store holds, as bytes, for tests that look for what must not be there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient


def everything_in(store_url: str) -> bytes:
    """Return every value of the SQLite file, or every document of the database."""
    if store_url.startswith("sqlite"):
        return b"\n".join(_values(store_url.removeprefix("sqlite:///")))
    return b"\n".join(_documents(store_url))


def _values(file: str) -> Iterator[bytes]:
    # Through SQLite, never as a plain file: closing that would drop the locks which the service in this process holds.
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - its own tables' names
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def _documents(store_url: str) -> Iterator[bytes]:
    raw = CodecOptions(document_class=RawBSONDocument)
    with MongoClient[RawBSONDocument](store_url, document_class=RawBSONDocument) as client:
        database = client.get_default_database(codec_options=raw)
        for name in database.list_collection_names():
            yield from (bytes(document.raw) for document in database[name].find())
