"""What cannot be read as HTTP is answered as a SCIM error, and told to nobody."""

import orjson
import pytest
from structlog.testing import capture_logs

from tests.support.scim import Scim

_SECRET = "barbara@example.com"
_TOO_MANY = 70_000


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"GET /scim/v2/acme/Users?filter={_SECRET}{'x' * _TOO_MANY} HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (f"GET /scim/v2/acme/Users HTTP/1.1\r\nHost: x\r\nX-A: {_SECRET}{'x' * _TOO_MANY}\r\n\r\n", 414),
        (f"GET /{_SECRET} /x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"{_SECRET}\r\n\r\n", 400),
    ],
)
async def test_what_is_not_http_gets_a_scim_error(scim: Scim, head: str, status: int) -> None:
    with capture_logs() as logs:
        reader, writer = await scim.connect()
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()
    line, _, body = answer.partition(b"\r\n")
    assert int(line.split()[1]) == status
    assert orjson.loads(body.rpartition(b"\r\n\r\n")[2])["status"] == str(status)
    assert b"content-type: application/scim+json" in body.lower()
    assert _SECRET not in f"{answer!r}{logs}"
