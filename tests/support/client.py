"""A provisioning client: SCIM over real HTTP, through several gateways in turn, patient where it is asked to wait."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from tests.support.shapes import Access

_ANSWER_TIMEOUT_SECONDS = 60.0
"""As patient as Entra."""
_ATTEMPTS_AT_MOST = 30
COME_AGAIN = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    attempts: int = 1
    """How often it was asked for."""

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        content: dict[str, Any] = orjson.loads(self.body)
        return content

    @property
    def id(self) -> str:
        """The resource's id."""
        return str(self.json["id"])


class ScimClient:
    """Asks one tenant's endpoints; where nothing else is said, its gateways in turn."""

    def __init__(self, session: ClientSession, access: Access) -> None:
        """Send by this session."""
        self.tenant = access.tenant
        self.statuses: Counter[int] = Counter()
        """How often each status was answered."""
        self._session = session
        self._access = access
        self._turns = count()

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        gateway: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request below the Tenant URL; bytes as they are, anything else as SCIM's JSON."""
        urls = self._access.urls
        base = urls[(next(self._turns) if gateway is None else gateway) % len(urls)]
        content = None if body is None else BytesIO(body if isinstance(body, bytes) else orjson.dumps(body))
        defaults = {"Authorization": f"Bearer {self._access.token}", "Content-Type": "application/scim+json"}
        url = URL(base + path, encoded=True)
        async with self._session.request(method, url, data=content, headers=defaults | dict(headers or {})) as response:
            answer = Answer(response.status, response.headers, await response.read())
        self.statuses[answer.status] += 1
        return answer

    async def persist(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request, again and again while the answer asks to come again later."""
        for attempt in range(1, _ATTEMPTS_AT_MOST + 1):
            answer = await self.send(method, path, body)
            if answer.status not in COME_AGAIN:
                return Answer(answer.status, answer.headers, answer.body, attempt)
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        raise AssertionError(f"{method} {path} was put off {_ATTEMPTS_AT_MOST} times")

    async def look_up(self, path: str, attribute: str, value: str, *, gateway: int | None = None) -> list[Any]:
        """Return the resources whose attribute has the value."""
        answer = await self.send("GET", filtered(path, f'{attribute} eq "{value}"'), gateway=gateway)
        assert answer.status == 200, answer
        found: list[Any] = answer.json["Resources"]
        assert answer.json["totalResults"] == len(found)
        return found

    async def walk(self, path: str, *, count: int = 200) -> list[dict[str, Any]]:
        """Return all resources of an endpoint."""
        return [resource async for resource in self.stream(path, count=count)]

    async def stream(self, path: str, *, count: int) -> AsyncIterator[dict[str, Any]]:
        """Yield all resources of an endpoint, page after page."""
        seen = 0
        joint = "&" if "?" in path else "?"
        while True:
            answer = await self.send("GET", f"{path}{joint}startIndex={seen + 1}&count={count}")
            assert answer.status == 200, answer
            page = answer.json
            for resource in page["Resources"]:
                yield resource
            seen += len(page["Resources"])
            if not page["Resources"] or seen >= page["totalResults"]:
                assert seen == page["totalResults"]
                return


@asynccontextmanager
async def open_client(access: Access) -> AsyncIterator[ScimClient]:
    """Yield a client of the tenant, with as many connections as it has requests under way."""
    timeout = ClientTimeout(total=_ANSWER_TIMEOUT_SECONDS)
    async with ClientSession(connector=TCPConnector(limit=0), timeout=timeout) as session:
        yield ScimClient(session, access)


def filtered(path: str, filter: str) -> str:
    """Return the path with the filter, its blanks as ``+``, as Entra writes them."""
    return f"{path}?filter={quote(filter, safe=' ').replace(' ', '+')}"
