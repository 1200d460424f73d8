"""Membership edits: what PATCH operations of a Group say about its members, apart from its other attributes.

Members are edges, not a list in the Group, so they are edited without reading them all. A removal that cannot be
understood is refused: it never empties a Group.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from schemas.messages.commands import PatchOperation
from schemas.scim.errors import InvalidFilterError, InvalidValueError, MutabilityError
from schemas.scim.filters.nodes import AttributePath, Compare, Disjunction, Filter, Operator
from schemas.scim.filters.tokens import MAX_LENGTH
from schemas.scim.path import parse_path


@dataclass(frozen=True, slots=True)
class AddMembers:
    """These are members, too."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMembers:
    """These are members no longer."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveAllMembers:
    """Nobody is a member any longer."""


@dataclass(frozen=True, slots=True)
class ReplaceMembers:
    """These are the members, and nobody else."""

    ids: tuple[str, ...]


MembershipEdit = AddMembers | RemoveMembers | RemoveAllMembers | ReplaceMembers

MAX_NESTING = 32
"""Memberships are followed through so many Groups inside each other."""
_MEMBERS_NAME = r"(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?members"
_MEMBERS = re.compile(rf"{_MEMBERS_NAME}(?![\w$-])", re.ASCII | re.IGNORECASE)
_TERM = r'value eq "[!#-\[\]-~]+"'
_CHOSEN_BY_ID = re.compile(rf"{_MEMBERS_NAME}\[{_TERM}(?: or {_TERM})*\]", re.ASCII | re.IGNORECASE)
_TEXT = re.compile(r'"([^"]+)"')


def split_membership(
    operations: Iterable[PatchOperation],
) -> tuple[tuple[PatchOperation, ...], tuple[MembershipEdit, ...]]:
    """Return the operations on other attributes, and the edits of members, each in their order.

    Raises:
        InvalidPathError: A path into the members is none.
        InvalidFilterError: Members are chosen otherwise than by ``value eq``.
        InvalidValueError: A value names no members.
        MutabilityError: A member is to be changed, not added or removed.
    """
    others: list[PatchOperation] = []
    edits: list[MembershipEdit] = []
    for operation in operations:
        if operation.path is None:
            _split_value(operation, others, edits)
        elif concerns_members(operation.path):
            edits.append(read_edit(operation))
        else:
            others.append(operation)
    return tuple(others), tuple(edits)


def concerns_members(path: str) -> bool:
    """Tell whether the path leads to a Group's members, or into them."""
    return _MEMBERS.match(path) is not None


def removal_by_path(path: str) -> RemoveMembers | None:
    """Return what removing ``members[value eq "..." or ...]`` means; None where the path has to be parsed to tell.

    Identity providers take thousands out of a Group in this form: one look at the text costs a hundredth of parsing it.
    """
    if len(path) > MAX_LENGTH or _CHOSEN_BY_ID.fullmatch(path) is None:
        return None
    return RemoveMembers(tuple(dict.fromkeys(_TEXT.findall(path))))


def joined(steps: Iterable[Any]) -> Iterator[Any]:
    """Yield the steps with neighbouring additions, and neighbouring removals, of members as one edit each."""
    for kind, run in groupby(steps, key=type):
        if kind is AddMembers or kind is RemoveMembers:
            yield kind(tuple(dict.fromkeys(id for edit in run for id in edit.ids)))
        else:
            yield from run


def read_edit(operation: PatchOperation) -> MembershipEdit:
    """Return the edit that an operation on a path into the members asks for.

    Raises:
        ScimError: As ``split_membership`` does.
    """
    if operation.path != "members":
        path = parse_path(operation.path or "")
        if path.sub is not None or path.attribute.sub is not None:
            # RFC 7643, 8.7.1: what is said of a member is immutable.
            raise MutabilityError("a member cannot be changed; add and remove members instead")
        if path.filter is not None:
            return _edit_of_chosen(operation, path.filter)
    match operation.op:
        case "add":
            return AddMembers(_ids(operation))
        case "replace":
            # RFC 7643, 2.5: null is as good as an empty list.
            return ReplaceMembers(() if operation.has_value and operation.value is None else _ids(operation))
        case _ if operation.has_value:
            return RemoveMembers(_some(_ids(operation)))
        case _:
            return RemoveAllMembers()


def edit_operation(edit: MembershipEdit) -> PatchOperation:
    """Return the edit as an operation, from which the same edit is read again."""
    match edit:
        case AddMembers(ids):
            return _listing("add", ids)
        case RemoveMembers(ids):
            return _listing("remove", ids)
        case ReplaceMembers(ids):
            return _listing("replace", ids)
        case RemoveAllMembers():
            return PatchOperation("remove", "members")


def edited(members: Sequence[str], edits: Iterable[MembershipEdit]) -> tuple[str, ...]:
    """Return the members' ids after the edits, in order of their coming, each once."""
    after = dict.fromkeys(members)
    for edit in edits:
        match edit:
            case AddMembers(ids):
                after |= dict.fromkeys(ids)
            case RemoveMembers(ids):
                gone = frozenset(ids)
                after = {id: None for id in after if id not in gone}
            case RemoveAllMembers():
                after = {}
            case ReplaceMembers(ids):
                after = dict.fromkeys(ids)
    return tuple(after)


def _listing(op: str, ids: tuple[str, ...]) -> PatchOperation:
    return PatchOperation(op, "members", [{"value": id} for id in ids], has_value=True)


def _split_value(operation: PatchOperation, others: list[PatchOperation], edits: list[MembershipEdit]) -> None:
    """Take the members out of a value without a path; null says nothing about them there."""
    rest = {}
    for name, value in operation.value.items():
        if not concerns_members(name):
            rest[name] = value
        elif value is not None:
            edits.append(read_edit(PatchOperation(operation.op, name, value, has_value=True)))
    if rest:
        others.append(PatchOperation(operation.op, None, rest, has_value=True))


def _edit_of_chosen(operation: PatchOperation, filter: Filter) -> MembershipEdit:
    if operation.op == "remove":
        return RemoveMembers(tuple(dict.fromkeys(_chosen(filter))))
    raise MutabilityError("a member cannot be changed; add and remove members instead")


def _chosen(filter: Filter) -> Iterable[str]:
    match filter:
        case Compare(AttributePath(None, name, None), Operator.EQ, str(member)) if name.lower() == "value":
            yield _id(member)
        case Disjunction(terms):
            for term in terms:
                yield from _chosen(term)
        case _:
            raise InvalidFilterError("members to remove are chosen by value eq alone, joined by or")


def _ids(operation: PatchOperation) -> tuple[str, ...]:
    if not operation.has_value:
        raise InvalidValueError(f"{operation.op} of members needs a value")
    value = operation.value
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(map(_id, values)))


def _id(member: Any) -> str:
    if isinstance(member, dict):
        member = next((value for name, value in member.items() if name.lower() == "value"), None)
    if isinstance(member, str) and member.strip():
        return member
    raise InvalidValueError("each of members needs the id of a User or Group as its value")


def _some(ids: tuple[str, ...]) -> tuple[str, ...]:
    if not ids:
        raise InvalidValueError("members to remove are an empty list; leave the value out to remove all")
    return ids
