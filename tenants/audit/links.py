"""Links of the chain: entries sealed together, read again, redacted.

A link's digest covers the digest before it, the tenant, the numbers, the transaction, the heads, and of each entry's
details only their digest, salted. So details can be taken away later, and salt with them: the digest of both stays in
their place, and the chain still holds. All is hashed exactly as it is kept; no second form has to be equal to it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import msgspec

from schemas.ids import TenantId
from tenants.audit.port import AuditEntry, AuditQuery, Link

_LARGEST = 4 * 1024 * 1024
"""Details of one link; a MongoDB document may have 16 MB."""
_SALT_BYTES = 16
_REDACTED = b'"'
"""What redacted details begin with: they are a text, others an array."""


class _Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    at: str
    action: str
    outcome: str
    principal: str
    name: str
    address: str
    agent: str
    request_id: str
    target_type: str
    target: str


_encode = msgspec.json.Encoder().encode
_heads = msgspec.json.Decoder(list[_Head])
_raw_details = msgspec.json.Decoder(list[msgspec.Raw])
_details = msgspec.json.Decoder(tuple[str, dict[str, Any]])


@dataclass(frozen=True, slots=True)
class Sealed:
    """A new link, with that by which stores find it."""

    link: Link
    earliest: str
    latest: str
    targets: tuple[str, ...]


def seal(
    tenant: TenantId,
    entries: Sequence[AuditEntry],
    *,
    after: int,
    sequence: int,
    previous: str,
    random_bytes: Callable[[int], bytes],
) -> list[Sealed]:
    """Return the entries as links; seldom more than one.

    Args:
        tenant: Whose log it is.
        entries: What happened; numbers and sequences in them do not matter.
        after: The number of the entry before them.
        sequence: The transaction that writes them; 0 outside of the lane.
        previous: The digest of the link before.
        random_bytes: Where salts come from.
    """
    links: list[Sealed] = []
    for part, details in _parts(entries, _salted(entries, random_bytes)):
        last = after + len(part)
        leaves = [sha256(each).digest() for each in details]
        link = _link(part, details, numbers=(after + 1, last), sequence=sequence)
        previous = _digest(tenant, link, leaves, previous)
        links.append(_sealed(replace(link, digest=previous), part))
        after = last
    return links


def last_digest(links: Sequence[Sealed], previous: str) -> str:
    """Return the digest that the next link is to follow."""
    return links[-1].link.digest if links else previous


def _sealed(link: Link, entries: Sequence[AuditEntry]) -> Sealed:
    moments = [entry.at for entry in entries]
    targets = dict.fromkeys(entry.target for entry in entries if entry.target)
    return Sealed(link, min(moments), max(moments), tuple(targets))


def unsealed(entries: Sequence[AuditEntry]) -> Link:
    """Return entries that were kept before there was a chain; they have their numbers."""
    details = [b'["",%b]' % _encode(entry.details) for entry in entries]
    return _link(entries, details, numbers=(entries[0].number, entries[-1].number), sequence=entries[0].sequence)


def _salted(entries: Sequence[AuditEntry], random_bytes: Callable[[int], bytes]) -> list[bytes]:
    salts = random_bytes(_SALT_BYTES * len(entries)).hex(" ", _SALT_BYTES).split()
    return [_encode((salt, entry.details)) for salt, entry in zip(salts, entries, strict=True)]


def _parts(entries: Sequence[AuditEntry], details: list[bytes]) -> Iterator[tuple[Sequence[AuditEntry], list[bytes]]]:
    begin = size = 0
    for place, each in enumerate(details):
        if size + len(each) > _LARGEST and place > begin:
            yield entries[begin:place], details[begin:place]
            begin, size = place, 0
        size += len(each)
    if entries:
        yield entries[begin:], details[begin:]


def _link(entries: Sequence[AuditEntry], details: list[bytes], *, numbers: tuple[int, int], sequence: int) -> Link:
    heads = _encode(
        [
            _Head(
                entry.at,
                entry.action,
                entry.outcome,
                entry.principal,
                entry.name,
                entry.address,
                entry.agent,
                entry.request_id,
                entry.target_type,
                entry.target,
            )
            for entry in entries
        ]
    )
    return Link(*numbers, sequence, heads.decode(), _joined(details), "")


def _joined(details: Sequence[bytes]) -> str:
    return (b"[" + b",".join(details) + b"]").decode()


def digest_of(tenant: TenantId, link: Link, *, previous: str) -> str:
    """Return the digest that the link should have, as it is kept.

    Raises:
        ValueError: It cannot be read.
    """
    kept = _raw_details.decode(link.details)
    if not len(kept) == link.last - link.first + 1 == len(_heads.decode(link.heads)):
        raise ValueError("it holds another number of entries")
    return _digest(tenant, link, [_leaf(bytes(each)) for each in kept], previous)


def _leaf(details: bytes) -> bytes:
    if details.startswith(_REDACTED):
        return bytes.fromhex(details[1:-1].decode())
    return sha256(details).digest()


def _digest(tenant: TenantId, link: Link, leaves: list[bytes], previous: str) -> str:
    place = f"{tenant}/{link.first}/{link.last}/{link.sequence}/{previous}/"
    return sha256(b"".join((place.encode(), link.heads.encode(), *leaves))).hexdigest()


def redacted_count(link: Link) -> int:
    """Return how many entries of the link have lost their details."""
    return sum(bytes(each).startswith(_REDACTED) for each in _raw_details.decode(link.details))


def redact(link: Link, target: str) -> tuple[Link, int]:
    """Return the link without the details of entries about the target, and of how many they were."""
    details = [bytes(each) for each in _raw_details.decode(link.details)]
    count = 0
    for place, head in enumerate(_heads.decode(link.heads)):
        if head.target == target and not details[place].startswith(_REDACTED):
            details[place] = b'"%b"' % sha256(details[place]).hexdigest().encode()
            count += 1
    return (replace(link, details=_joined(details)) if count else link), count


def latest_of(link: Link) -> str:
    """Return the moment of the latest entry."""
    return max(head.at for head in _heads.decode(link.heads))


def targets_of(link: Link) -> list[str]:
    """Return the ids of what the entries are about, each once."""
    return list(dict.fromkeys(head.target for head in _heads.decode(link.heads) if head.target))


def entries_of(link: Link, query: AuditQuery | None = None) -> Iterator[AuditEntry]:
    """Yield the entries, or those that are asked for, in the order of the query."""
    heads = _heads.decode(link.heads)
    found = [
        place for place, head in enumerate(heads) if query is None or _is_asked_for(head, link.first + place, query)
    ]
    if not found:
        return
    details = _raw_details.decode(link.details)
    for place in reversed(found) if query is not None and query.newest_first else found:
        yield _entry(heads[place], bytes(details[place]), number=link.first + place, sequence=link.sequence)


def _entry(head: _Head, details: bytes, *, number: int, sequence: int) -> AuditEntry:
    is_redacted = details.startswith(_REDACTED)
    kept = {} if is_redacted else _details.decode(details)[1]
    fields = msgspec.structs.asdict(head)
    return AuditEntry(**fields, details=kept, number=number, sequence=sequence, redacted=is_redacted)


def _is_asked_for(head: _Head, number: int, query: AuditQuery) -> bool:
    if query.after and (number >= query.after if query.newest_first else number <= query.after):
        return False
    return (
        (not query.since or head.at >= query.since)
        and (not query.until or head.at < query.until)
        and (not query.action or head.action == query.action or head.action.startswith(f"{query.action}."))
        and query.actor in {"", head.principal}
        and query.target in {"", head.target}
        and query.request_id in {"", head.request_id}
        and query.outcome in {"", head.outcome}
    )


def marks(query: AuditQuery) -> list[str]:
    """Return texts that occur in the heads of each link with an entry that is asked for; stores look for them first."""
    whole = (query.actor, query.request_id, query.outcome)
    return [_quoted(text) for text in whole if text] + ([_quoted(query.action)[:-1]] if query.action else [])


def _quoted(text: str) -> str:
    return _encode(text).decode()
