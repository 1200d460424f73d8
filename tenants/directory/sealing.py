"""The audit entries of a transaction as links of the tenant's chain: the same in every store."""

import os
from collections.abc import Sequence
from dataclasses import replace

from tenants.audit.links import Sealed, last_digest, seal
from tenants.directory.records import Counters
from tenants.directory.writer import Changes


def sealed(changes: Changes) -> tuple[Sequence[Sealed], Counters]:
    """Return the links, and the counters with the digest that the log ends with once they are written."""
    counters = changes.counters
    links = seal(
        changes.tenant,
        changes.audit,
        after=counters.audit - len(changes.audit),
        sequence=counters.sequence,
        previous=counters.audit_digest,
        random_bytes=os.urandom,
    )
    return links, replace(counters, audit_digest=last_digest(links, counters.audit_digest))
