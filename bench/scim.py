"""SCIM requests as Entra sends them, rendered for the load generator before the clock starts."""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.parse import quote_plus

from bench.load.exchange import Exchange, Script, Target

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_NAMESPACE = uuid.UUID("9f2ab1a8-27a5-4a6b-9d52-0b9b5d3e7c11")

_OK = frozenset({200})
_CREATED = frozenset({201})
_CHANGED = frozenset({200, 204})

MEMBERS_PER_PATCH = 1_000
PAGE = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the identity provider knows."""

    crowd: str
    number: int

    @classmethod
    def named(cls, user_name: str) -> "Person":
        """Return the person with the user name."""
        crowd, number = user_name.partition("@")[0].rsplit(".", 1)
        return cls(crowd, int(number))

    @property
    def user_name(self) -> str:
        """The user principal name; the e-mail address too."""
        return f"{self.crowd}.{self.number:06d}@bench.example"

    @property
    def external_id(self) -> str:
        """The provider's object id."""
        return str(uuid.uuid5(_NAMESPACE, self.user_name))

    def resource(self, *, title: str = "Student") -> dict[str, Any]:
        """Return the User resource as it is sent."""
        given, family = f"Given{self.number}", f"Family{self.number}"
        return {
            "schemas": [_USER, _ENTERPRISE],
            "externalId": self.external_id,
            "userName": self.user_name,
            "active": True,
            "displayName": f"{given} {family}",
            "title": title,
            "preferredLanguage": "en-GB",
            "emails": [{"primary": True, "type": "work", "value": self.user_name}],
            "name": {"formatted": f"{given} {family}", "familyName": family, "givenName": given},
            "phoneNumbers": [{"type": "work", "value": f"+44 20 7946 {self.number % 10_000:04d}"}],
            "meta": {"resourceType": "User"},
            _ENTERPRISE: {"employeeNumber": str(self.number), "department": "Faculty of Arts"},
        }


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A User that the server under test has created."""

    id: str
    user_name: str
    external_id: str


def people(crowd: str, count: int) -> list[Person]:
    """Return so many different persons."""
    return [Person(crowd, number) for number in range(count)]


def stored_users(bodies: Iterable[bytes]) -> list[StoredUser]:
    """Return the Users that the answers to their creation tell of."""
    resources = (json.loads(body) for body in bodies)
    return [StoredUser(resource["id"], resource["userName"], resource["externalId"]) for resource in resources]


def ids_of(bodies: Iterable[bytes]) -> list[str]:
    """Return the ids of the resources in the answers."""
    return [json.loads(body)["id"] for body in bodies]


class Client:
    """Renders the requests of one tenant's identity provider."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def look_up(self, attribute: str, value: str, *, finds: int, name: str = "look-up") -> Exchange:
        """Ask for the one User with the value; so many are to be found."""
        filter_text = quote_plus(f'{attribute} eq "{value}"')
        path = f"/Users?filter={filter_text}"
        return Exchange(name, self.target.render("GET", path), _OK, marker=b'"totalResults":%d' % finds)

    def create_user(self, person: Person, *, keeps_body: bool = False) -> Exchange:
        """Create the person's User."""
        request = self.target.render("POST", "/Users", _json(person.resource()))
        return Exchange("create", request, _CREATED, marker=b'"id":"', keeps_body=keeps_body)

    def read_user(self, user: StoredUser) -> Exchange:
        """Read a User by id."""
        return Exchange("read", self.target.render("GET", f"/Users/{user.id}"), _OK, marker=user.user_name.encode())

    def replace_user(self, user: StoredUser, *, title: str) -> Exchange:
        """Replace a User by PUT."""
        body = _json({**Person.named(user.user_name).resource(title=title), "id": user.id})
        return Exchange("replace", self.target.render("PUT", f"/Users/{user.id}", body), _OK)

    def patch_active(self, user: StoredUser, value: str) -> Exchange:
        """Disable or enable a User in Entra's default dialect."""
        body = _patch({"op": "Replace", "path": "active", "value": value})
        return Exchange("patch", self.target.render("PATCH", f"/Users/{user.id}", body), _CHANGED)

    def delete_user(self, user: StoredUser) -> Exchange:
        """Delete a User; peers answer 200."""
        return Exchange("delete", self.target.render("DELETE", f"/Users/{user.id}"), _CHANGED)

    def list_users(self, start_index: int) -> Exchange:
        """Read a page of Users."""
        path = f"/Users?startIndex={start_index}&count={PAGE}"
        return Exchange("list", self.target.render("GET", path), _OK, marker=b'"Resources":[{')

    def create_group(self, display_name: str) -> Exchange:
        """Create a Group without members, as Entra does."""
        body = _json(
            {"schemas": [_GROUP], "externalId": str(uuid.uuid5(_NAMESPACE, display_name)), "displayName": display_name}
        )
        return Exchange("create group", self.target.render("POST", "/Groups", body), _CREATED, keeps_body=True)

    def look_up_group(self, display_name: str) -> Exchange:
        """Ask for the one Group with the name, without its members."""
        filter_text = quote_plus(f'displayName eq "{display_name}"')
        path = f"/Groups?excludedAttributes=members&filter={filter_text}"
        return Exchange("group look-up", self.target.render("GET", path), _OK, marker=b'"totalResults":1')

    def add_members(self, group_id: str, ids: Sequence[str]) -> Exchange:
        """Add members to a Group with one PATCH."""
        body = _patch({"op": "add", "path": "members", "value": [{"value": id} for id in ids]})
        return Exchange("add member", self.target.render("PATCH", f"/Groups/{group_id}", body), _CHANGED)

    def remove_member(self, group_id: str, id: str) -> Exchange:
        """Remove one member from a Group with one PATCH."""
        body = _patch({"op": "remove", "path": f'members[value eq "{id}"]'})
        return Exchange("remove member", self.target.render("PATCH", f"/Groups/{group_id}", body), _CHANGED)

    def initial_sync(self, persons: Iterable[Person]) -> list[Script]:
        """Look everyone up, find nobody, and create them: one script per person."""
        return [[self.look_up("userName", person.user_name, finds=0), self.create_user(person)] for person in persons]

    def toggling(self, users: Sequence[StoredUser]) -> Iterator[Script]:
        """Disable all users, enable all users, and so on, for ever."""
        return cycle([[self.patch_active(user, value)] for value in ("False", "True") for user in users])

    def replacing(self, users: Sequence[StoredUser]) -> Iterator[Script]:
        """Replace all users with a changed title, over and over."""
        return cycle([[self.replace_user(user, title=title)] for title in ("Teacher", "Student") for user in users])


def growing(client: Client, group_id: str, ids: Sequence[str]) -> list[Script]:
    """Add many members, as many per PATCH as clients send."""
    return [
        [client.add_members(group_id, ids[start : start + MEMBERS_PER_PATCH])]
        for start in range(0, len(ids), MEMBERS_PER_PATCH)
    ]


def _patch(operation: dict[str, Any]) -> bytes:
    return _json({"schemas": [_PATCH_OP], "Operations": [operation]})


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
