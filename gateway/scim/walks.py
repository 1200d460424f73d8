"""Walks over a list by cursors (RFC 9865): where the next page begins is sealed into what the client carries."""

from collections.abc import Callable

from gateway.scim.listing import ListRequest
from gateway.settings import GatewaySettings
from schemas.scim.cursors import Cursor, cursor_key, seal, unseal
from schemas.scim.errors import InvalidCountError, InvalidPathError
from schemas.scim.query import Position

_GRACE_SECONDS = 60
"""Cursors live so much longer than is told: answers travel, and the clocks of gateways differ."""
_LONGEST_CURSOR = 6000
"""Characters; it has to fit into a URL."""


class Walks:
    """Seals and opens cursors."""

    def __init__(self, settings: GatewaySettings, now: Callable[[], float]) -> None:
        """Seal with the settings' signing keys; ``now`` tells Unix seconds."""
        self._settings = settings
        self._now = now
        keys = settings.signing_keys
        self._keys = [cursor_key(key.secret) for key in (keys.current, keys.previous) if key is not None]

    def page_size(self, asked: ListRequest) -> int:
        """Return how many resources a page may have.

        Raises:
            InvalidCountError: A walk asks for too many.
        """
        count, largest = asked.count, self._settings.max_count
        if count is None:
            return self._settings.default_count
        if count > largest and asked.cursor is not None:
            # RFC 9865, 2.1; pages by index are merely smaller than asked for (RFC 7644, 3.4.2.4).
            raise InvalidCountError(f"count has to be at most {largest}")
        return min(count, largest)

    def opened(self, cursor: str, count: int | None, walked: str) -> Cursor:
        """Return what a cursor says, where the walk is this one.

        Raises:
            InvalidCursorError: It is none of this walk's.
            ExpiredCursorError: Its time is over.
            InvalidCountError: The client wants another page size on the way.
        """
        opened = unseal(cursor, keys=self._keys, query=walked, now=self._now())
        if count not in {None, opened.count}:
            raise InvalidCountError("count has to stay the same from page to page")
        return opened

    def sealed(self, position: Position, *, count: int, total: int, walked: str) -> str:
        """Return the cursor that leads on from a position.

        Raises:
            InvalidPathError: It would be too long.
        """
        expires = self._now() + self._settings.cursor_seconds + _GRACE_SECONDS
        cursor = seal(Cursor(position, count, total, expires), key=self._keys[0], query=walked)
        if len(cursor) > _LONGEST_CURSOR:
            raise InvalidPathError("the values of this attribute are too long for cursors; ask for pages by startIndex")
        return cursor
