"""Bodies as identity providers send them, and strategies that make up more."""

from typing import Any

from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER, GROUP, USER, compile_schema, core_catalog
from schemas.scim.definitions.model import Extension, ResourceType

CATALOG = core_catalog()
USERS = CATALOG.resource_type("User")
GROUPS = CATALOG.resource_type("Group")
BODY = "urn:example:params:scim:schemas:1.0:Body"
MANAGER_ID = "26118915605449fc9cc6b7b5c5e3c1a0"


def users_with_bodies(*, required: bool = False) -> ResourceType:
    """Return the resource type User with an extension that has attributes of every type."""
    attributes = [
        {"name": "born", "type": "dateTime"},
        {"name": "shoeSize", "type": "integer", "required": True},
        {"name": "height", "type": "decimal"},
        {"name": "tags", "multiValued": True},
        {"name": "doctor", "type": "complex", "subAttributes": [{"name": "name", "required": True}, {"name": "city"}]},
        {
            "name": "visits",
            "type": "complex",
            "multiValued": True,
            "subAttributes": [{"name": "value"}, {"name": "drugs", "multiValued": True}],
        },
    ]
    schema = compile_schema({"id": BODY, "name": "Body", "attributes": attributes})
    extension = Extension(schema, required)
    return ResourceType(
        *("User", "/Users", "", USERS.schema, USERS.common, {schema.id.lower(): extension}, "userName"),
    )


def barbara() -> dict[str, Any]:
    """Return canonical attributes of a User with much in it."""
    return {
        "userName": "Barbara.Jensen@Example.com",
        "externalId": "2819c223-7f76-453a-919d-413861904646",
        "active": True,
        "displayName": "Barbara Jensen",
        "title": "Tour Guide",
        "name": {"givenName": "Barbara", "familyName": "Jensen", "formatted": "Ms. Barbara J Jensen"},
        "emails": [{"type": "work", "value": "Barbara@Example.com", "primary": True}, {"value": "babs@home.example"}],
        "phoneNumbers": [{"type": "work", "value": "+1 555 0100"}],
        "addresses": [{"type": "work", "streetAddress": "100 Universal City Plaza", "country": "US"}],
        ENTERPRISE_USER: {"employeeNumber": "701984", "department": "Tours", "manager": {"value": MANAGER_ID}},
    }


def barbara_as_sent() -> dict[str, Any]:
    """Return the body of a POST that the RFC would accept."""
    return {"schemas": [USER, ENTERPRISE_USER], **barbara(), "meta": {"resourceType": "User"}}


def tour_guides_as_sent() -> dict[str, Any]:
    """Return the body of a POST of a Group."""
    return {"schemas": [GROUP], "displayName": "Tour Guides", "members": [{"value": "a"}, {"value": "b"}]}


names = st.sampled_from(
    [
        *(attribute.name for attribute in (*USERS.schema.attributes.values(), *USERS.common.values())),
        *(attribute.name for attribute in USERS.extensions[ENTERPRISE_USER.lower()].schema.attributes.values()),
        *("value", "VALUE", "type", "primary", "display", "$ref", "givenName", "members", "DisplayName", "managerId"),
        *(ENTERPRISE_USER, ENTERPRISE_USER.upper(), USER, f"{ENTERPRISE_USER}:department", f"{USER}:title"),
        *("name.givenName", f"{ENTERPRISE_USER}:manager.value", "emails[type eq 'work'].value", "nothing.known"),
    ]
)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | texts
odd_texts = st.sampled_from(["", " ", "True", "false", "2026-11-25T14:49:10Z", "\x1f", "a\0b", "ﬁ", "ÀÉ", '"\\'])
values = st.recursive(
    scalars | odd_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=4),
    max_leaves=8,
)
bodies = st.dictionaries(names, values, max_size=6)
"""Objects of known names and any values: few of them are right."""

_element = st.fixed_dictionaries(
    {}, optional={"value": texts, "type": texts, "primary": st.just(value=False), "display": texts}
)
good_users = st.fixed_dictionaries(
    {"userName": st.text("abcXYZäÖ 1", min_size=1).filter(str.strip)},
    optional={
        "externalId": texts,
        "active": st.booleans(),
        "title": texts,
        "name": st.dictionaries(st.sampled_from(["givenName", "familyName"]), texts),
        "emails": st.lists(_element, max_size=4),
        "x509Certificates": st.lists(_element, max_size=2),
        ENTERPRISE_USER: st.fixed_dictionaries({}, optional={"department": texts, "manager": _element}),
    },
)
"""Bodies that a tolerant validation accepts."""
