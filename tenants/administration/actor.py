"""Who administers, and what is written down of it."""

from dataclasses import dataclass
from typing import Any

from tenants.audit.port import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or program) that an administrative act is written down to."""

    principal: str
    """Like ``operator:root``."""
    address: str = ""
    agent: str = ""

    def did(self, action: str, target: tuple[str, str], details: dict[str, Any], *, at: str) -> AuditEntry:
        """Return the audit entry of an act of theirs; the target is its type and id."""
        return AuditEntry(
            at=at,
            action=action,
            outcome="applied",
            principal=self.principal,
            address=self.address,
            agent=self.agent,
            target_type=target[0],
            target=target[1],
            details=details,
        )


class RefusedError(Exception):
    """The act is refused; the message says why and what to do, for a person to read."""
