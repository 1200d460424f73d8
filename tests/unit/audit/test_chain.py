"""The chain: what was sealed is found again; whatever is changed is found out; what is redacted is gone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from schemas.ids import TenantId
from tenants.audit.chain import ChainBrokenError, Walk, begin, end, follow
from tenants.audit.links import Sealed, entries_of, redact, seal
from tenants.audit.port import AuditEntry, ChainEnds, Link, numbered
from tests.support.builders import entry

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
ANN, BOB = "a" * 32, "b" * 32
BATCHES = [
    [entry("tenant.created", target="", request_id="")],
    [entry(target=ANN, request_id="r1", details={"name": "ann"}), entry(target=BOB, details={"name": "bob", "n": 1.5})],
    [entry("scim.delete", target=BOB, details={"ü": ["\U0001f600", None, True, -(2**70)]})],
]


def _zeros(count: int) -> bytes:
    return bytes(count)


def _chain(
    batches: Sequence[Sequence[AuditEntry]] = BATCHES,
    *,
    tenant: TenantId = ACME,
    random: Callable[[int], bytes] = _zeros,
) -> list[Link]:
    sealed: list[Sealed] = []
    for sequence, batch in enumerate(batches, 1):
        after, previous = (sealed[-1].link.last, sealed[-1].link.digest) if sealed else (0, "")
        sealed += seal(tenant, batch, after=after, sequence=sequence, previous=previous, random_bytes=random)
    return [each.link for each in sealed]


def _ends(links: Sequence[Link]) -> ChainEnds:
    return ChainEnds(0, "", links[-1].last, links[-1].digest)


def _follow(links: Sequence[Link], ends: ChainEnds | None = None, *, tenant: TenantId = ACME) -> Walk:
    ends = ends or _ends(links)
    walk = begin(ends)
    for link in links:
        walk = follow(tenant, walk, link)
    end(walk, ends)
    return walk


def test_entries_come_back_with_their_numbers_and_transaction() -> None:
    found = [one for link in _chain() for one in entries_of(link)]

    expected = [structs.replace(one, sequence=sequence) for sequence, batch in enumerate(BATCHES, 1) for one in batch]
    assert found == list(numbered(expected, after=0))


def test_an_untouched_chain_holds() -> None:
    assert _follow(_chain()) == Walk(4, _chain()[-1].digest, entries=4)


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("heads", "scim.create", "scim.creatd"),
        ("heads", "applied", "refused"),
        ("heads", '"r1"', '"r2"'),
        ("details", "ann", "anm"),
        ("details", "00000000", "00000001"),
        ("details", "[[", "[{"),
        ("details", "]]", "]"),
        ("heads", "]]", "]"),
        ("sequence", 2, 3),
        ("digest", None, "0" * 64),
    ],
)
def test_one_changed_byte_names_the_entries_of_the_transaction(field: str, old: Any, new: Any) -> None:
    links = _chain()
    value = getattr(links[1], field)
    changed = value.replace(old, new, 1) if isinstance(old, str) else new
    assert changed != value
    broken = [links[0], replace(links[1], **{field: changed}), links[2]]

    with pytest.raises(ChainBrokenError, match="entries 2 to 3 are"):
        _follow(broken, _ends(links))


def test_every_flipped_bit_of_a_link_is_noticed() -> None:
    links = _chain()
    missed = []
    for field in ("heads", "details"):
        text = getattr(links[1], field)
        for place, letter in enumerate(text):
            changed = text[:place] + chr(ord(letter) ^ 1) + text[place + 1 :]
            try:
                _follow([links[0], replace(links[1], **{field: changed}), links[2]], _ends(links))
            except ChainBrokenError:
                continue
            missed.append((field, place, letter))
    assert missed == []


def test_missing_entries_are_named_wherever_they_were() -> None:
    links = _chain()
    with pytest.raises(ChainBrokenError, match="entry 1 is missing before entry 2"):
        _follow(links[1:], _ends(links))
    with pytest.raises(ChainBrokenError, match="entries 2 to 3 are missing before entry 4"):
        _follow([links[0], links[2]], _ends(links))
    with pytest.raises(ChainBrokenError, match="entry 4 is missing at the end"):
        _follow(links[:2], _ends(links))


def test_another_end_and_another_tenants_chain_are_noticed() -> None:
    links, others = _chain(), _chain([*BATCHES[:2], [entry("scim.patch")]])
    with pytest.raises(ChainBrokenError, match="does not end in the digest"):
        _follow(others, _ends(links))
    with pytest.raises(ChainBrokenError, match="entry 1 is not as written"):
        _follow(_chain(tenant=GLOBEX), _ends(links))


def test_a_digest_that_was_taken_away_does_not_make_an_entry_older_than_the_chain() -> None:
    links = _chain()
    with pytest.raises(ChainBrokenError, match="entry 4 is not as written"):
        _follow([*links[:2], replace(links[2], digest="")], _ends(links))


def test_redaction_takes_the_values_and_leaves_the_chain() -> None:
    links = _chain()
    redacted = [redact(link, BOB)[0] for link in links]

    walk = _follow(redacted, _ends(links))

    found = [one for link in redacted for one in entries_of(link)]
    assert (walk.entries, walk.redacted) == (4, 2)
    assert [(one.redacted, one.details) for one in found][1:] == [(False, {"name": "ann"}), (True, {}), (True, {})]
    assert "bob" not in repr(redacted)
    assert [redact(link, BOB) for link in redacted] == [(link, 0) for link in redacted]


def test_the_digest_that_stays_does_not_betray_the_values() -> None:
    salts = iter((bytes([1]) * 16, bytes([2]) * 16))
    one, other = (_chain([[BATCHES[1][0]]], random=lambda _: next(salts))[0] for _ in range(2))

    assert list(entries_of(one)) == list(entries_of(other))
    assert redact(one, ANN)[0].details != redact(other, ANN)[0].details


def test_a_large_transaction_makes_several_links_of_one_chain() -> None:
    large = [entry(details={"photo": "x" * 1024 * 1024}, request_id=str(number)) for number in range(6)]

    links = _chain([large])

    assert [(link.first, link.last) for link in links] == [(1, 3), (4, 6)]
    assert _follow(links).entries == 6
