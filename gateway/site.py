"""Where the gateway listens: HTTP that cannot even be read is refused as a SCIM error, like everything else.

aiohttp itself answers in plain text, and tells client and log the very bytes that it could not read: personal data of
a filter, or a token.
"""

import asyncio
from functools import partial

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from gateway.answers import error_answer

LINE_BYTES = 64 * 1024
"""Bytes of a request line or a header at most: the longest filter that is parsed, percent-encoded."""

_BACKLOG = 1024
log = structlog.get_logger()


class GatewaySite(web.BaseSite):
    """One address on which an application is served."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        """Listen nowhere before ``start``."""
        super().__init__(runner)
        self._host = host
        self._port = port

    @property
    def name(self) -> str:
        """The address, as aiohttp shows it."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address cannot be had.
        """
        await super().start()
        connections = self._runner.server
        if connections is None:
            raise RuntimeError("the runner was not set up")
        loop = asyncio.get_running_loop()
        # What is said of connections to the runner does not reach those that are made here.
        connect = partial(
            _Connection,
            connections,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to say: none
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
        )
        self._server = await loop.create_server(connect, self._host, self._port, backlog=_BACKLOG)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; it can only be broken off")
        if status >= 500:  # noqa: PLR2004 - server errors
            log.error("Request failed below the application", status=status, exc_info=exc or False)
            answer = error_answer(status, "this failed on the server's side")
        elif isinstance(exc, LineTooLong):
            answer = error_answer(414, f"a request line or header may have {LINE_BYTES} bytes at most")
        else:
            answer = error_answer(status, "the request is not HTTP")
        answer.force_close()
        return answer
