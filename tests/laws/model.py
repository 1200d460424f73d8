"""The reference model: a tenant as plain dictionaries, one request after the other, with nothing of the product's code.

``Directory`` answers the identity provider and knows nothing of settings; ``Lms`` (its neighbour module) follows it as
the settings say.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.laws.model_lms import Lms


class Request(NamedTuple):
    """What an identity provider asks, as it would by HTTP."""

    method: str
    type: str
    id: str
    """Of a POST the id that the resource gets."""
    body: dict[str, Any]
    """Of a PATCH one operation."""


class Answer(NamedTuple):
    """What it is told."""

    status: int
    id: str = ""
    """The resource, where the request was carried out."""


CREATED, OK, GONE = 201, 200, 204
INVALID, NOT_FOUND, TAKEN = Answer(400), Answer(404), Answer(409)
_UNIQUE = {"User": "userName", "Group": "displayName"}


@dataclass
class Directory:
    """Users and Groups as the identity provider last said."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    lms: Lms = field(init=False)

    def __post_init__(self) -> None:
        self.lms = Lms(self.users, self.groups, self.members)

    def answer(self, request: Request) -> Answer:
        """Carry out the request."""
        kept = self._kept(request.type)
        if request.method == "POST":
            return self._post(request)
        if request.id not in kept:
            return NOT_FOUND
        if request.method == "DELETE":
            return self._delete(request)
        return self._change(request)

    def _kept(self, type: str) -> dict[str, dict[str, Any]]:
        return self.users if type == "User" else self.groups

    def _post(self, request: Request) -> Answer:
        attributes, members = _apart(request.body)
        namesake = self._namesake(request.type, attributes, besides="")
        if namesake and request.type == "User" and self._is_back(namesake, attributes):
            self.users[namesake] = attributes
            self.lms.user_changed(namesake)
            return Answer(CREATED, namesake)
        if namesake:
            return TAKEN
        if not members <= self._all():
            return INVALID
        self._kept(request.type)[request.id] = attributes
        if request.type == "User":
            self.lms.user_changed(request.id, is_new=True)
        else:
            self.members[request.id] = members
            self.lms.group_changed(request.id, added=members, removed=set())
        return Answer(CREATED, request.id)

    def _change(self, request: Request) -> Answer:
        before, members_before = self._kept(request.type)[request.id], self.members.get(request.id, set())
        after, members = self._after(request, before, members_before)
        added, removed = members - members_before, members_before - members
        if not added <= self._all() - {request.id}:
            return INVALID
        if self._namesake(request.type, after, besides=request.id):
            return TAKEN
        if after != before or added or removed:
            self._kept(request.type)[request.id] = after
            if request.type == "User":
                self.lms.user_changed(request.id)
            else:
                self.members[request.id] = members
                self.lms.group_changed(request.id, added=added, removed=removed)
        return Answer(OK, request.id)

    def _after(self, request: Request, before: dict[str, Any], members: set[str]) -> tuple[dict[str, Any], set[str]]:
        if request.method == "PUT":
            return _apart(request.body)
        op, path, value = (request.body.get(name) for name in ("op", "path", "value"))
        ids = {member["value"] for member in value} if isinstance(value, list) else set()
        match op, path:
            case "add", "members":
                return before, members | ids
            case "replace", "members":
                return before, ids
            case "remove", "members":
                return before, set()
            case "remove", str():
                return before, members - {path.split('"')[1]}
            case _:
                return before | {str(path): value}, members

    def _delete(self, request: Request) -> Answer:
        for members in self.members.values():
            members.discard(request.id)
        del self._kept(request.type)[request.id]
        if request.type == "User":
            self.lms.user_deleted(request.id)
        else:
            del self.members[request.id]
            self.lms.group_deleted(request.id)
        return Answer(GONE, request.id)

    def _all(self) -> set[str]:
        return {*self.users, *self.groups}

    def _namesake(self, type: str, attributes: dict[str, Any], *, besides: str) -> str:
        """Return who else has the name, in whichever case."""
        name = attributes[_UNIQUE[type]].casefold()
        found = (id for id, other in self._kept(type).items() if other[_UNIQUE[type]].casefold() == name)
        return next((id for id in found if id != besides), "")

    def _is_back(self, namesake: str, attributes: dict[str, Any]) -> bool:
        """Tell whether an inactive User's person returns: the same name, and the same externalId."""
        before = self.users[namesake]
        return not before["active"] and bool(before.get("externalId")) and _same(before, attributes, "externalId")


def _same(one: dict[str, Any], other: dict[str, Any], name: str) -> bool:
    return bool(one.get(name) == other.get(name))


def _apart(body: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Return the attributes, and the members beside them."""
    attributes = {name: value for name, value in body.items() if name != "members"}
    return attributes, {member["value"] for member in body.get("members", ())}
