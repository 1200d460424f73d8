"""Reading HTTP responses, however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load.response import MalformedResponseError, Response, ResponseReader

BODY = b'{"id":"1"}'
WITH_LENGTH = b"HTTP/1.1 201 Created\r\ncontent-type: application/scim+json\r\nCONTENT-LENGTH: 10\r\n\r\n" + BODY
IN_CHUNKS = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{"i\r\n7\r\nd":"1"}\r\n0\r\n\r\n'
WITHOUT_BODY = b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"
WITHOUT_REASON = b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("received", "response"),
    [
        (WITH_LENGTH, Response(201, BODY, closes=False)),
        (IN_CHUNKS, Response(200, BODY, closes=False)),
        (WITHOUT_BODY, Response(204, b"", closes=False)),
        (WITHOUT_REASON, Response(404, b"", closes=False)),
    ],
)
@given(cuts=st.sets(st.integers(min_value=1, max_value=120)))
def test_a_response_is_complete_with_its_last_byte_however_it_was_cut(
    received: bytes, response: Response, cuts: set[int]
) -> None:
    reader = ResponseReader()
    inside = sorted(cut for cut in cuts if cut < len(received))
    pieces = [received[start:end] for start, end in zip([0, *inside], [*inside, len(received)], strict=True)]

    answers = [reader.feed(piece) for piece in pieces]

    assert answers == [*[None] * (len(pieces) - 1), response]


def test_the_next_response_of_a_connection_is_read_afresh() -> None:
    reader = ResponseReader()

    assert reader.feed(IN_CHUNKS) == Response(200, BODY, closes=False)
    assert reader.feed(WITHOUT_BODY) == Response(204, b"", closes=False)


def test_a_server_that_closes_the_connection_is_believed() -> None:
    response = ResponseReader().feed(b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    assert response == Response(503, b"", closes=True)


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer: neither length nor chunks\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
    ],
)
def test_what_never_becomes_a_response_is_refused(received: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        ResponseReader().feed(received)
