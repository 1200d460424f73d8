"""A provisioning client for conformance tests: plain requests over real HTTP, every answer's envelope checked."""

import http.client
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote

import orjson

from schemas.ids import TenantId
from schemas.messages.events import Event
from schemas.scim.definitions.extensions import ExtensionSchema, read_extension
from tenants.audit.port import AuditEntry
from tenants.tenant import Dialect
from tests.support.conformance_service import Admission, ConformanceService

CORE = "urn:ietf:params:scim:schemas:core:2.0"
USER = f"{CORE}:User"
GROUP = f"{CORE}:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
PATCH_OP = f"{MESSAGES}:PatchOp"
ERROR = f"{MESSAGES}:Error"
LIST_RESPONSE = f"{MESSAGES}:ListResponse"

Resource = dict[str, Any]
Headers = Mapping[str, str | None]
"""None: the header is left out."""

_ANSWER_SECONDS = 60.0
"""As patient as Entra."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)

    @property
    def fault(self) -> tuple[int, str | None]:
        """The status, and the SCIM error type where the body has one."""
        return self.status, self.json.get("scimType")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is to be sent beside others."""

    method: str
    path: str
    body: Any = None
    headers: Headers | None = None


class Connections:
    """Connections to the gateways, kept for the next request."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        """Connect when first asked."""
        self.addresses = addresses
        self._idle: defaultdict[str, SimpleQueue[http.client.HTTPConnection]] = defaultdict(SimpleQueue)

    @contextmanager
    def one(self, address: str) -> Iterator[http.client.HTTPConnection]:
        """Yield a connection that nobody else uses; it is kept unless its use failed."""
        try:
            connection = self._idle[address].get_nowait()
        except Empty:
            connection = http.client.HTTPConnection(address, timeout=_ANSWER_SECONDS)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle[address].put(connection)

    def close(self) -> None:
        """Close them all."""
        for idle in self._idle.values():
            while not idle.empty():
                idle.get().close()


class Scim:
    """One tenant's Tenant URL, asked at the gateways in turn."""

    def __init__(
        self, service: ConformanceService, connections: Connections, *, dialect: Dialect = Dialect.TOLERANT
    ) -> None:
        """Admit a new tenant."""
        self.service = service
        self.dialect = dialect
        self._connections = connections
        self._admission: Admission = service.admit(dialect)
        self._turns = count()
        self._names = count(1)

    @cached_property
    def strict(self) -> "Scim":
        """A tenant of the strict dialect."""
        return Scim(self.service, self._connections, dialect=Dialect.STRICT)

    @cached_property
    def other(self) -> "Scim":
        """A second tenant, of the same dialect."""
        return Scim(self.service, self._connections, dialect=self.dialect)

    @property
    def tenant(self) -> str:
        """The tenant's name."""
        return self._admission.tenant

    @property
    def token(self) -> str:
        """The tenant's SCIM token."""
        return self._admission.token

    @property
    def url(self) -> str:
        """The Tenant URL."""
        return f"http://{self.host}{self.prefix}"

    @property
    def host(self) -> str:
        """``host:port`` of the first gateway, under which the service is known."""
        return self._connections.addresses[0]

    @property
    def prefix(self) -> str:
        """The path of the Tenant URL."""
        return f"/scim/v2/{self.tenant}"

    # Requests

    def get(self, path: str, headers: Headers | None = None) -> Answer:
        """Send GET."""
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: Any, headers: Headers | None = None) -> Answer:
        """Send POST."""
        return self.send("POST", path, body, headers=headers)

    def put(self, path: str, body: Any, headers: Headers | None = None) -> Answer:
        """Send PUT."""
        return self.send("PUT", path, body, headers=headers)

    def patch(self, path: str, *operations: Resource, headers: Headers | None = None) -> Answer:
        """Send PATCH with these operations in a PatchOp message."""
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, headers=headers)

    def delete(self, path: str, headers: Headers | None = None) -> Answer:
        """Send DELETE."""
        return self.send("DELETE", path, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Headers | None = None,
        gateway: int | str | None = None,
    ) -> Answer:
        """Send a request below the Tenant URL with its token; bytes as they are, anything else as SCIM's JSON.

        The path is percent-encoded already. A header of None is left out.
        """
        return self.send_to(self.prefix + path, method, body, headers=headers, gateway=gateway)

    def send_to(
        self,
        target: str,
        method: str,
        body: Any = None,
        *,
        headers: Headers | None = None,
        gateway: int | str | None = None,
    ) -> Answer:
        """Send a request to any target of the gateways; to another one by its ``host:port``."""
        address = self._address(gateway)
        content = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        defaults = {"Authorization": f"Bearer {self.token}", "Accept": "application/scim+json"}
        if content is not None:
            defaults["Content-Type"] = "application/scim+json"
        given = {name: value for name, value in (defaults | dict(headers or {})).items() if value is not None}
        with self._connections.one(address) as connection:
            connection.request(method, target, content, given)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        check_envelope(method, answer)
        return answer

    def together(self, *calls: Call) -> list[Answer]:
        """Send all requests at once; return their answers in order."""
        with ThreadPoolExecutor(max_workers=min(len(calls), 32)) as threads:
            return list(threads.map(lambda c: self.send(c.method, c.path, c.body, headers=c.headers), calls))

    def _address(self, gateway: int | str | None) -> str:
        if isinstance(gateway, str):
            return gateway
        addresses = self._connections.addresses
        return addresses[(next(self._turns) if gateway is None else gateway) % len(addresses)]

    # What tests need over and over

    def new_name(self) -> str:
        """Return a userName that the tenant does not have yet."""
        return f"user{next(self._names)}@example.com"

    def user(self, **attributes: Any) -> Resource:
        """Create a User and return it; the enterprise extension is given by ``**{ENTERPRISE: ...}``."""
        return self.made("/Users", {"schemas": [USER], "userName": self.new_name(), **attributes})

    def group(self, *members: Resource, **attributes: Any) -> Resource:
        """Create a Group with these members and return it."""
        listed = {"members": [{"value": member["id"]} for member in members]} if members else {}
        name = f"Group {next(self._names)}"
        return self.made("/Groups", {"schemas": [GROUP], "displayName": name, **listed, **attributes})

    def made(self, path: str, body: Resource) -> Resource:
        """Create a resource of this body and return it."""
        answer = self.post(path, body)
        assert answer.status == 201, answer
        resource: Resource = answer.json
        return resource

    def read(self, resource: Resource) -> Resource:
        """Return the resource as it is now."""
        answer = self.get(path_of(resource))
        assert answer.status == 200, answer
        current: Resource = answer.json
        return current

    def changed(self, resource: Resource, *operations: Resource) -> Resource:
        """Send PATCH, which must succeed; return the resource as it is afterwards."""
        answer = self.patch(path_of(resource), *operations)
        assert answer.status in {200, 204}, answer
        return self.read(resource)

    def search(self, path: str, filter: str) -> list[Resource]:
        """Return the resources at an endpoint that the filter selects; all of them fit on a page."""
        answer = self.get(filtered(path, filter))
        assert answer.status == 200, answer
        found: list[Resource] = answer.json["Resources"]
        assert len(found) == answer.json["totalResults"] == answer.json["itemsPerPage"]
        return found

    def found(self, path: str, filter: str) -> set[str]:
        """Return the ids that the filter selects."""
        return {resource["id"] for resource in self.search(path, filter)}

    def extend(self, document: Resource, resource_type: str) -> None:
        """Give the tenant a schema of its own, before its first request: gateways remember records for a while."""
        self.service.run(self._extend(read_extension(document, resource_type, taken=())))

    async def _extend(self, extension: ExtensionSchema) -> None:
        session = self.service.session
        tenant = await session.tenants.tenant(self.tenant)
        changed = replace(tenant, extensions=(*tenant.extensions, extension), revision=tenant.revision + 1)
        await session.stores.registry.change_tenant(changed)

    def audit(self) -> Sequence[AuditEntry]:
        """Return the tenant's audit log."""
        log = self.service.session.stores.audit
        return self.service.run(log.entries(TenantId(self.tenant), after=0, limit=10_000))

    def events(self) -> Sequence[Event]:
        """Return what the LMS is told of the tenant."""
        outbox = self.service.session.stores.outbox
        return self.service.run(outbox.events(TenantId(self.tenant), after=0, limit=10_000))

    def names(self, filter: str) -> set[str]:
        """Return the userNames of the Users that the filter selects, up to an ``@``."""
        return {user["userName"].partition("@")[0] for user in self.search("/Users", filter)}


def path_of(resource: Resource) -> str:
    """Return the resource's path below the Tenant URL."""
    return f"/{resource['meta']['resourceType']}s/{resource['id']}"


def filtered(path: str, filter: str) -> str:
    """Return the path with the filter, percent-encoded."""
    return f"{path}?filter={quote(filter, safe='')}"


def ids(resources: list[Resource]) -> list[str]:
    """Return the ids in their order."""
    return [resource["id"] for resource in resources]


def members_of(group: Resource) -> set[str]:
    """Return the ids of a Group's members, none of which is there twice."""
    values = [member["value"] for member in group.get("members", [])]
    assert len(values) == len(set(values)), group
    return set(values)


def check_envelope(method: str, answer: Answer) -> None:
    """Hold an answer to what is true of all of them (RFC 7644, 3.1 and 3.12)."""
    assert answer.status < 500 or answer.status in {501, 503}, answer
    if answer.body:
        assert answer.headers["Content-Type"].split(";")[0] == "application/scim+json", answer
    if answer.status >= 400 and method != "HEAD":
        error = answer.json
        assert error["schemas"] == [ERROR], answer
        assert error["status"] == str(answer.status), answer
        assert isinstance(error.get("detail", ""), str), answer
