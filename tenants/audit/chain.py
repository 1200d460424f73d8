"""Following the chain: that nothing was changed, put in or taken out, apart from what was redacted and forgotten."""

from dataclasses import dataclass, replace

import msgspec

from schemas.ids import TenantId
from tenants.audit.links import digest_of, redacted_count
from tenants.audit.port import ChainEnds, Link


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the chain was followed, and what was seen on the way."""

    number: int
    """Of the last entry that was met."""
    digest: str
    entries: int = 0
    redacted: int = 0
    older: int = 0
    """Entries that are older than the chain, which nothing vouches for."""


class ChainBrokenError(Exception):
    """The chain does not hold; the message names the entries."""


def begin(ends: ChainEnds) -> Walk:
    """Return where to begin."""
    return Walk(ends.start, ends.start_digest)


def follow(tenant: TenantId, walk: Walk, link: Link) -> Walk:
    """Return the walk with one link more.

    Raises:
        ChainBrokenError: The link does not follow, or is not as it was written.
    """
    if link.first != walk.number + 1:
        raise ChainBrokenError(f"{_named(walk.number + 1, link.first - 1)} missing before entry {link.first}")
    count = link.last - link.first + 1
    try:
        after = replace(walk, number=link.last, entries=walk.entries + count)
        if not link.digest and not walk.digest:
            return replace(after, older=walk.older + count)
        expected = digest_of(tenant, link, previous=walk.digest)
        after = replace(after, digest=expected, redacted=walk.redacted + redacted_count(link))
    except (ValueError, msgspec.MsgspecError) as error:
        raise ChainBrokenError(f"{_named(link.first, link.last)} damaged: {error}") from error
    if expected != link.digest:
        raise ChainBrokenError(f"{_named(link.first, link.last)} not as written{_place(link)}")
    return after


def end(walk: Walk, ends: ChainEnds) -> None:
    """See that the end is where the tenant's counters say.

    Raises:
        ChainBrokenError: The last entries are missing, or others stand in their place.
    """
    if walk.number < ends.last:
        raise ChainBrokenError(f"{_named(walk.number + 1, ends.last)} missing at the end")
    if walk.digest != ends.last_digest:
        raise ChainBrokenError(f"entry {walk.number} does not end in the digest that the tenant's record has")


def _named(first: int, last: int) -> str:
    return f"entry {first} is" if first >= last else f"entries {first} to {last} are"


def _place(link: Link) -> str:
    return f" (transaction {link.sequence})" if link.sequence else ""
