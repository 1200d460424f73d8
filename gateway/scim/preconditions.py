"""Conditional requests (RFC 9110, 13; RFC 7644, 3.14)."""

import re
from dataclasses import dataclass
from typing import Any

from schemas.scim.rendering import entity_tag

_TAG = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a resource has to be like for a write to be carried out."""

    if_match: tuple[str, ...] = ()
    """Entity tags, one of which has to be the resource's; empty: no condition."""
    if_none_match: tuple[str, ...] = ()
    """Entity tags, none of which may be."""

    @classmethod
    def of(cls, if_match: str | None, if_none_match: str | None = None) -> "Conditions":
        """Return the conditions that the headers make, with tags in the form of ours.

        Ours are weak, and SCIM compares them all the same (RFC 7644, 3.14): whether a client sends ``W/`` back makes
        no difference.
        """
        return cls(_weak(entity_tags(if_match)), _weak(entity_tags(if_none_match)))

    def fields(self) -> dict[str, Any]:
        """Return them as fields of a command."""
        return {"if_match": self.if_match, "if_none_match": self.if_none_match}


def entity_tags(header: str | None) -> tuple[str, ...]:
    """Return the entity tags of ``If-Match`` or ``If-None-Match``; ``*`` stands for any.

    A header that holds no tag is returned as it is: nothing matches it, and a condition that cannot be met is safer
    than none.
    """
    if header is None:
        return ()
    if header.strip() == "*":
        return ("*",)
    return tuple(_TAG.findall(header)) or (header,)


def is_known(if_none_match: str | None, version: int) -> bool:
    """Tell whether the client has this version already, by weak comparison (RFC 9110, 8.8.3.2)."""
    if if_none_match is None:
        return False
    current = entity_tag(version).removeprefix("W/")
    return any(tag == "*" or tag.removeprefix("W/") == current for tag in entity_tags(if_none_match))


def _weak(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"W/{tag}" if tag.startswith('"') else tag for tag in tags)
