"""Statements in as few steps as can be.

Each step of a statement gives the interpreter to another thread and has to win it back, which takes long while the
event loop is busy; so rows travel together, as one JSON text on the way out and as one VALUES list on the way in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from tenants.sqlite.store import Connection

_ROWS_AT_ONCE = (1, 4, 16, 64, 256)
"""Lengths of a VALUES list: few, so that statements stay prepared."""


def one_document(connection: Connection, sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Any:
    """Run a SELECT that yields one row with one JSON text, and return what the text holds."""
    (document,) = connection.execute(sql, parameters).fetchone()
    return orjson.loads(document)


def insert(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]], *, on_conflict: str = "") -> None:
    """Insert rows into ``table (columns)`` in as few steps as can be; their first column is never NULL."""
    for places, values in _values(rows):
        connection.execute(
            f"INSERT INTO {into} SELECT * FROM (VALUES {places}) WHERE column1 IS NOT NULL {on_conflict}", values
        )


def update(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run an ``UPDATE ... FROM {new} WHERE ...`` in which ``new (column1, column2, ...)`` stands for the rows."""
    for places, values in _values(rows):
        connection.execute(sql.replace("{new}", f"(VALUES {places}) AS new"), values)


def _values(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
    """Yield rows as the text and the parameters of VALUES lists, filled up with NULLs."""
    position = 0
    while position < len(rows):
        left = len(rows) - position
        size = next((size for size in _ROWS_AT_ONCE if size >= left), _ROWS_AT_ONCE[-1])
        part = rows[position : position + size]
        width = len(part[0])
        row = f"({','.join('?' * width)})"
        values = [value for one in part for value in one]
        values += [None] * (width * (size - len(part)))
        yield ",".join([row] * size), values
        position += size
