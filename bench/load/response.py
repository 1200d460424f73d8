"""Reading HTTP/1.1 responses from a keep-alive connection: no more of the protocol than answers need."""

import re
from dataclasses import dataclass

_HEAD_END = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked")
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close")
_STATUS_LINE = re.compile(rb"http/1\.[01] (\d{3})[ \r]")
_BODILESS = frozenset({204, 304})


class MalformedResponseError(Exception):
    """The bytes are no response that this reader understands."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer."""

    status: int
    body: bytes
    closes: bool
    """Whether the server closes the connection after it."""


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    end: int
    """Where the body begins."""
    length: int | None
    """None when the body comes in chunks."""
    closes: bool


class ResponseReader:
    """One connection's incoming bytes, one response after the other; no pipelining."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: _Head | None = None

    def feed(self, received: bytes) -> Response | None:
        """Take what arrived and return the response once it is complete.

        Raises:
            MalformedResponseError: these bytes never become a response.
        """
        self._buffer += received
        if self._head is None:
            self._head = _read_head(self._buffer)
        if self._head is None:
            return None
        body = _read_body(self._buffer, self._head)
        if body is None:
            return None
        return self._take(self._head, body)

    def _take(self, head: _Head, body: bytes) -> Response:
        self._buffer.clear()
        self._head = None
        return Response(head.status, body, head.closes)


def _read_head(buffer: bytearray) -> _Head | None:
    end = buffer.find(_HEAD_END)
    if end < 0:
        return None
    # With the line end in front of the blank line, every header line starts with one.
    head = bytes(buffer[: end + 2]).lower()
    status_line = _STATUS_LINE.match(head)
    if status_line is None:
        raise MalformedResponseError(f"No status line: {head[:40]!r}")
    status = int(status_line[1])
    return _Head(status, end + len(_HEAD_END), _body_length(status, head), _CLOSES.search(head) is not None)


def _body_length(status: int, head: bytes) -> int | None:
    if status in _BODILESS:
        return 0
    if _CHUNKED.search(head):
        return None
    length = _CONTENT_LENGTH.search(head)
    if length is None:
        raise MalformedResponseError(f"Status {status} with neither a length nor chunks")
    return int(length[1])


def _read_body(buffer: bytearray, head: _Head) -> bytes | None:
    if head.length is None:
        return _read_chunks(buffer, head.end)
    if len(buffer) < head.end + head.length:
        return None
    return bytes(buffer[head.end : head.end + head.length])


def _read_chunks(buffer: bytearray, start: int) -> bytes | None:
    parts: list[bytes] = []
    while True:
        line_end = buffer.find(b"\r\n", start)
        if line_end < 0:
            return None
        size = _chunk_size(bytes(buffer[start:line_end]))
        start = line_end + 2
        # Each chunk, the empty last one too, is followed by a line end; trailers are not sent by any server here.
        if len(buffer) < start + size + 2:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(buffer[start : start + size]))
        start += size + 2


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise MalformedResponseError(f"No chunk size: {line[:40]!r}") from error
