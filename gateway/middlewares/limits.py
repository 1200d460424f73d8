"""What a request body may be: small, JSON, and here in time."""

import asyncio
from functools import lru_cache

from aiohttp import HttpVersion11, web

from gateway.answers import SCIM_JSON, error_body
from gateway.refusals import BodyTooLargeError, RequestTimeoutError, UnsupportedMediaTypeError
from gateway.settings import GatewaySettings

_MEDIA_TYPES = frozenset({"application/scim+json", "application/json"})
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""What aiohttp decompresses, never further than the limit."""


class BodyLimits:
    """Reads bodies within the limits."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Hold bodies to these settings; the application's ``client_max_size`` is the same limit."""
        self._bytes = settings.body_limit
        self._seconds = settings.body_timeout_seconds

    async def read(self, http: web.Request) -> bytes:
        """Return the body, decompressed.

        Raises:
            UnsupportedMediaTypeError: It is not JSON in UTF-8, or compressed in a way that is not read here.
            BodyTooLargeError: It is too large, compressed or not.
            RequestTimeoutError: It does not come in time.
        """
        if not _is_read(http.headers.get("Content-Type"), http.headers.get("Content-Encoding", "")):
            raise UnsupportedMediaTypeError("the body has to be application/scim+json or application/json in UTF-8")
        if (http.content_length or 0) > self._bytes:
            raise self._too_large()
        try:
            if http.content.is_eof():
                # All of it came with the head, as small bodies do: nothing has to be waited for.
                return await http.read()
            async with asyncio.timeout(self._seconds):
                return await http.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise self._too_large() from error
        except TimeoutError as error:
            raise RequestTimeoutError("the body did not come in time") from error

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"the body may have {self._bytes} bytes at most")


@lru_cache(maxsize=256)
def _is_read(content_type: str | None, content_encoding: str) -> bool:
    if content_encoding.strip().lower() not in _ENCODINGS:
        return False
    if content_type is None or not content_type.strip():
        return True
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.partition("=")[2].strip(' "') for part in parameters if part.startswith("charset")]
    return media_type in _MEDIA_TYPES and all(charset in _CHARSETS for charset in charsets)


async def expectation(http: web.Request) -> None:
    """Ask the client for the body that it holds back (RFC 9110, 10.1.1)."""
    if http.version < HttpVersion11:
        return
    if http.headers.get("Expect", "").lower() != "100-continue":
        body = error_body(417, "100-continue is the only expectation that is met")
        raise web.HTTPExpectationFailed(text=body.decode(), content_type=SCIM_JSON)
    await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    http.writer.output_size = 0  # The answer proper has not begun.
