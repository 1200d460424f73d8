"""What a finished erasure leaves behind; and outcomes without a person's data. Pure."""

from collections.abc import Collection

import msgspec

from schemas.messages.outcomes import Applied, Outcome
from tenants.audit.port import AuditEntry
from tenants.erasures.port import Erasure


def emptied_outcome(outcome: Outcome, ids: Collection[str]) -> Outcome:
    """Return the outcome without the body, where that is one of these resources."""
    if isinstance(outcome, Applied) and outcome.body and outcome.resource_id in ids:
        return msgspec.structs.replace(outcome, body=b"")
    return outcome


def entry_of(erasure: Erasure, *, at: str) -> AuditEntry:
    """Return the audit entry that says that nothing of the person is left; it has no content."""
    return AuditEntry(
        at=at,
        action="account.erased",
        outcome="applied",
        principal="rollcall",
        target_type="account" if erasure.account is not None else "User",
        target=erasure.id,
    )
