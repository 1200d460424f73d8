"""Requests rendered once, before the clock starts, and what counts as their answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.load.response import Response


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, ready to be written, and the answer that it is to get."""

    name: str
    """What it is counted as."""
    request: bytes
    expected: frozenset[int]
    """The statuses that are no error."""
    marker: bytes = b""
    """What the body must hold: a server that answers quickly but wrongly is not quick."""
    keeps_body: bool = False
    """Whether the answer's body is needed after the run."""

    def complaint_about(self, response: Response) -> str:
        """Return what is wrong with the answer; nothing when it is as expected."""
        if response.status not in self.expected:
            return f"{self.name}: status {response.status}"
        if self.marker not in response.body:
            return f"{self.name}: status {response.status}, but without {self.marker.decode()}"
        return ""


Script = Sequence[Exchange]
"""Exchanges of one connection, each begun when the one before it was answered."""


@dataclass(frozen=True, slots=True)
class Target:
    """A SCIM base URL and the credential for it."""

    host: str
    port: int
    path: str
    token: str

    @classmethod
    def at(cls, url: str, token: str) -> "Target":
        """Return the target at a plain HTTP base URL."""
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None or parts.port is None:
            raise ValueError(f"{url} is not a plain HTTP URL with a port")
        return cls(parts.hostname, parts.port, parts.path.rstrip("/"), token)

    def render(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the bytes of one request; ``path`` is relative to the base and already percent-encoded."""
        headers: Mapping[str, str] = {
            "Host": f"{self.host}:{self.port}",
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/scim+json",
            **({"Content-Type": "application/scim+json", "Content-Length": str(len(body))} if body else {}),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {self.path}{path} HTTP/1.1\r\n{lines}\r\n".encode() + body
