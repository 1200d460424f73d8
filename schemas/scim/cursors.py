"""Cursors (RFC 9865): a place in one query's order, sealed, so that nothing of a walk is kept between its pages.

A cursor is base64url text without padding: a MAC, then what it says as JSON. The MAC also covers the query, so that a
cursor that is forged, damaged, another tenant's or another query's is one and the same: not ours.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from schemas.scim.errors import ExpiredCursorError, InvalidCursorError
from schemas.scim.query import Position

_MAC_BYTES = 16
_PURPOSE = b"SCIM cursors, version 1"


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a walk over a result needs to know to go on."""

    position: Position
    """The place of the last resource of the page before."""
    count: int
    """The page size; it stays the same on the way."""
    total: int
    """The total as it was counted for the first page."""
    expires: float
    """Unix seconds."""


def cursor_key(secret: bytes) -> bytes:
    """Return the key that cursors are sealed with where this is the service's secret."""
    return hmac.digest(secret, _PURPOSE, "sha256")


def seal(cursor: Cursor, *, key: bytes, query: str) -> str:
    """Return the cursor as the client carries it: of the unreserved characters of URIs alone.

    Args:
        cursor: What it says.
        key: A ``cursor_key``.
        query: Everything that the walk's pages have in common; nothing else opens the cursor again.
    """
    place = cursor.position
    content = orjson.dumps([cursor.expires, cursor.count, cursor.total, place.value, place.id])
    return urlsafe_b64encode(_mac(content, key, query) + content).rstrip(b"=").decode()


def unseal(text: str, *, keys: Sequence[bytes], query: str, now: float) -> Cursor:
    """Return what the cursor says.

    Args:
        text: What the client sent.
        keys: The keys that it may be sealed with.
        query: As it was sealed for.
        now: Unix seconds.

    Raises:
        InvalidCursorError: It was not sealed with one of the keys for this query.
        ExpiredCursorError: Its time is over.
    """
    sealed = _decoded(text)
    mac, content = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not any(hmac.compare_digest(mac, _mac(content, key, query)) for key in keys):
        raise _not_ours()
    expires, count, total, value, id = orjson.loads(content)
    if now > expires:
        raise ExpiredCursorError("the cursor has expired; begin again with an empty one")
    return Cursor(Position(value, id), count, total, expires)


def _mac(content: bytes, key: bytes, query: str) -> bytes:
    # Of fixed length, so that no two pairs of query and content are the same bytes.
    asked = hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()
    return hmac.digest(key, asked + content, "sha256")[:_MAC_BYTES]


def _decoded(text: str) -> bytes:
    try:
        sealed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _not_ours() from error
    # One text for one cursor: `+`, `/`, padding and loose bits are not what we wrote.
    if urlsafe_b64encode(sealed).rstrip(b"=").decode() != text:
        raise _not_ours()
    return sealed


def _not_ours() -> InvalidCursorError:
    return InvalidCursorError("the cursor is not one that this query's last page gave")
