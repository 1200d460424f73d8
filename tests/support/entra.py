"""What Microsoft Entra ID does: look everybody up, make who is missing, add members one by one."""

import uuid
from dataclasses import dataclass
from typing import Any

from tests.support.client import Answer, ScimClient, filtered

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTRA_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_PEOPLE = uuid.UUID("3a3f2f0e-6f5c-4d7e-9a55-9a1f0f3f8a11")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the identity provider's directory."""

    number: int
    crowd: str = "person"

    @property
    def user_name(self) -> str:
        """The user principal name."""
        return f"{self.crowd}.{self.number:05d}@example.com"

    @property
    def external_id(self) -> str:
        """The object id."""
        return str(uuid.uuid5(_PEOPLE, self.user_name))

    @property
    def profile(self) -> dict[str, Any]:
        """What is to be found of the person afterwards, in the directory as in the LMS."""
        given, family = f"Given{self.number}", f"Family{self.number}"
        return {
            "externalId": self.external_id,
            "userName": self.user_name,
            "displayName": f"{given} {family}",
            "emails": [{"primary": True, "type": "work", "value": self.user_name}],
            "name": {"formatted": f"{given} {family}", "familyName": family, "givenName": given},
            "title": "Student",
            ENTERPRISE: {"employeeNumber": str(self.number), "department": "Faculty of Arts"},
        }

    @property
    def payload(self) -> dict[str, Any]:
        """The body of the POST."""
        return {
            "schemas": [USER, ENTERPRISE],
            "active": True,
            "meta": {"resourceType": "User"},
            "roles": [],
            **self.profile,
        }


def people(count: int, crowd: str = "person") -> list[Person]:
    """Return so many different persons."""
    return [Person(number, crowd) for number in range(count)]


class Entra:
    """One tenant's provisioning job; an answer that no identity provider would accept ends it."""

    def __init__(self, client: ScimClient) -> None:
        """Provision by this client."""
        self._client = client

    async def ensure_user(self, person: Person) -> str:
        """Look the person up, and make the User when there is none; return its id."""
        return await self._ensure("/Users", "userName", person.user_name, person.payload)

    async def ensure_group(self, name: str) -> str:
        """Look the group up, and make it, without members, when there is none; return its id."""
        payload = {
            "schemas": [GROUP, ENTRA_GROUP],
            "externalId": str(uuid.uuid5(_PEOPLE, name)),
            "displayName": name,
            "meta": {"resourceType": "Group"},
        }
        return await self._ensure("/Groups", "displayName", name, payload)

    async def add_member(self, group: str, user: str) -> None:
        """Add one member, as the default dialect does."""
        await self._change_group(group, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user}]})

    async def remove_member(self, group: str, user: str) -> None:
        """Remove one member, as the default dialect does."""
        await self._change_group(group, {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": user}]})

    async def disable(self, user: str) -> None:
        """Disable the User, as the default dialect does."""
        change = {"schemas": [PATCH_OP], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
        answer = await self._client.persist("PATCH", f"/Users/{user}", change)
        assert answer.status == 200, answer

    async def rename(self, user: str, user_name: str) -> Answer:
        """Give the User another name."""
        change = {"schemas": [PATCH_OP], "Operations": [{"op": "Replace", "path": "userName", "value": user_name}]}
        answer = await self._client.persist("PATCH", f"/Users/{user}", change)
        assert answer.status == 200, answer
        return answer

    async def _ensure(self, path: str, attribute: str, value: str, payload: dict[str, Any]) -> str:
        found = await self._look_up(path, attribute, value)
        if found is not None:
            return found
        answer = await self._client.persist("POST", path, payload)
        if answer.status == 409 and answer.attempts > 1:
            # An earlier attempt went through, and its answer was lost.
            found = await self._look_up(path, attribute, value)
            assert found is not None
            return found
        assert answer.status == 201, answer
        return answer.id

    async def _look_up(self, path: str, attribute: str, value: str) -> str | None:
        answer = await self._client.persist("GET", filtered(path, f'{attribute} eq "{value}"'))
        assert answer.status == 200, answer
        found = answer.json["Resources"]
        assert len(found) == answer.json["totalResults"] <= 1
        return str(found[0]["id"]) if found else None

    async def _change_group(self, group: str, operation: dict[str, Any]) -> None:
        change = {"schemas": [PATCH_OP], "Operations": [operation]}
        answer = await self._client.persist("PATCH", f"/Groups/{group}", change)
        assert answer.status == 204, answer
