"""One line and one count per request; nothing of what was asked for or answered."""

import re
from functools import lru_cache

import structlog
from aiohttp import web

from gateway.metrics import GatewayMetrics
from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from gateway.visit import Visit

_OURS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+@-]{0,127}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LONGEST_AGENT = 200
log = structlog.get_logger()


class RequestLog:
    """The first and last to see a request."""

    def __init__(
        self,
        settings: GatewaySettings,
        metrics: GatewayMetrics,
        surroundings: Surroundings,
    ) -> None:
        """Count in these metrics."""
        self._proxies = settings.trusted_proxies
        self._metrics = metrics
        self._surroundings = surroundings
        self._monotonic = surroundings.monotonic
        # Bound once: the module's logger finds its configuration again with each line.
        self._log = log.bind()

    def arrived(self, http: web.Request) -> Visit:
        """Return the visit that begins, under the client's ``X-Request-Id`` where it is harmless, else a new one."""
        headers = http.headers
        request_id = headers.get("X-Request-Id")
        if request_id is None or not _OURS.fullmatch(request_id):
            request_id = self._surroundings.random_id()
        address = http.remote or ""
        if self._proxies:
            address = _forwarded_address(headers.get("X-Forwarded-For", ""), self._proxies) or address
        return Visit(request_id, self._monotonic(), address, printable(headers.get("User-Agent", "")))

    def answered(self, http: web.Request, visit: Visit, answer: web.StreamResponse) -> None:
        """Count the request, write its line, and give the client its id."""
        answer.headers["X-Request-Id"] = visit.request_id
        method = http.method if http.method in _METHODS else "other"
        seconds = self._monotonic() - visit.started
        self._metrics.answered(method, visit.endpoint, answer.status, seconds)
        self._log.info(
            "Request answered",
            request_id=visit.request_id,
            tenant=visit.tenant,
            principal=visit.principal,
            method=method,
            endpoint=visit.endpoint,
            status=answer.status,
            duration_ms=round(seconds * 1000, 2),
        )


@lru_cache(maxsize=256)
def printable(text: str) -> str:
    """Return a header's text as it may be kept and shown: short, without control characters or broken encodings."""
    return "".join(character if character.isprintable() else "?" for character in text[:_LONGEST_AGENT])


def _forwarded_address(forwarded: str, proxies: int) -> str:
    """Return the address that the outermost of our own proxies saw; what stands before it is the client's word."""
    addresses = [address.strip() for address in forwarded.split(",")]
    return printable(addresses[-proxies]) if len(addresses) >= proxies else ""
