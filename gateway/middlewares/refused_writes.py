"""Writes that this gateway refused, as they are counted and told to the audit log (``gateway.refusal_tallies``).

What a worker refuses is told by its transaction. Here is the rest of what an authenticated caller has tried: bodies
that are none, values that fit no attribute, methods that a place has not, what had to be put off, ... Nothing of a
body is kept, and of a path no more than an id of ours.
"""

import re
from dataclasses import dataclass, replace

from gateway.answers import RefusalAnswer, Refused
from gateway.refusal_tallies import MANY, RefusalTallies
from gateway.refusals import PUT_OFF
from gateway.visit import Visit
from schemas.ids import TenantId
from schemas.scim.bulk import BulkOperation
from schemas.scim.definitions.catalog import Catalog, core_catalog
from tenants.audit.port import AuditEntry

_ACTIONS = {"POST": "scim.create", "PUT": "scim.replace", "PATCH": "scim.patch", "DELETE": "scim.delete"}
_BULK = "scim.bulk"
_ID = re.compile(r"[0-9a-f]{32}")
_NOT_IMPLEMENTED = 501
_OURS = 500
"""From here on a status says that the fault is the server's."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wanted to do."""

    action: str
    """As the audit log calls it where it is done."""
    endpoint: str
    """Its name, like ``Users/{id}``."""
    target_type: str = ""
    """``User``, ``Group``; empty where the path leads to neither."""
    target: str = ""
    """The resource's id; empty where the path names none that could be ours."""


def request_attempt(method: str, raw_path: str, visit: Visit) -> Attempt | None:
    """Return what the request wanted to do; None where it wanted to read."""
    action = _ACTIONS.get(method)
    if action is None or (method == "POST" and visit.endpoint.endswith(".search")):
        return None
    if visit.endpoint == "Bulk":
        return Attempt(_BULK, visit.endpoint)
    name = raw_path.rstrip("/").rpartition("/")[2] if visit.endpoint.endswith("{id}") else ""
    return _attempt(action, visit.endpoint, name, core_catalog())


def operation_attempt(operation: BulkOperation, catalog: Catalog) -> Attempt:
    """Return what an operation of a bulk message wanted to do."""
    attempt = _attempt(_ACTIONS.get(operation.method, _BULK), operation.endpoint, operation.name, catalog)
    return replace(attempt, endpoint="Bulk")


def _attempt(action: str, endpoint: str, name: str, catalog: Catalog) -> Attempt:
    type_ = catalog.by_endpoint(endpoint.partition("/")[0])
    target = name if type_ is not None and _ID.fullmatch(name) else ""
    return Attempt(action, endpoint, type_.name if type_ is not None else "", target)


@dataclass(frozen=True, slots=True)
class RefusedWrite:
    """Attempts of one caller, from one address, to do one thing, refused for one reason."""

    tenant: TenantId
    principal: str
    name: str
    address: str
    attempt: Attempt
    refused: Refused

    def coarser(self) -> "RefusedWrite":
        """Return one for whatever the caller tried to do in this way, and whatever was wrong with it."""
        attempt = Attempt(self.attempt.action, "")
        return replace(self, address=MANY, attempt=attempt, refused=Refused(self.refused.status, "for many reasons"))

    def entry(self, visit: Visit, count: int, *, at: str) -> AuditEntry:
        """Return what the audit log is told of so many, the last of which came with this visit."""
        refused = self.refused
        return AuditEntry(
            at=at,
            action=self.attempt.action,
            outcome=_outcome(refused.status),
            principal=self.principal,
            name=self.name,
            address=self.address,
            agent=visit.agent,
            request_id=visit.request_id,
            target_type=self.attempt.target_type,
            target=self.attempt.target,
            details={
                "status": refused.status,
                "scimType": refused.scim_type,
                "reason": refused.reason,
                "endpoint": self.attempt.endpoint,
                "count": count,
            },
        )


class RefusedWrites:
    """Has the audit log told of writes that were refused; a write that is not costs nothing here."""

    def __init__(self, tallies: RefusalTallies[RefusedWrite]) -> None:
        """Count in these."""
        self._tallies = tallies

    def note(self, attempt: Attempt | None, answer: RefusalAnswer, visit: Visit) -> None:
        """Count the attempt, unless it was to read, or was told of already."""
        if attempt is None or answer.refused is None:
            return
        refused = RefusedWrite(
            TenantId(visit.tenant), visit.principal, visit.name, visit.address, attempt, answer.refused
        )
        self._tallies.note(refused, visit)


def _outcome(status: int) -> str:
    if status in PUT_OFF:
        return "put_off"
    return "failed" if status >= _OURS and status != _NOT_IMPLEMENTED else "refused"
