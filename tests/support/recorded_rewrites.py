"""One request for each rewrite of the dialects, as a client was seen to send it; names and ids in them are made up."""

from typing import Any, NamedTuple

from schemas.scim.definitions.catalog import ENTERPRISE_USER, GROUP, USER

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
WORK = 'emails[type eq "work"].value'


class Recorded(NamedTuple):
    """A request that needs the rewrite."""

    rewrite: str
    client: str
    body: dict[str, Any]
    refusal: str | None
    """The scimType with which a strict tenant refuses it; None: the RFC lets it pass, as docs/dialects.md says."""
    resource_type: str = "User"

    @property
    def is_patch(self) -> bool:
        return any(name.lower() == "operations" for name in self.body)


def _user(**attributes: Any) -> dict[str, Any]:
    return {"schemas": [USER, ENTERPRISE_USER], "userName": "cara@example.com", **attributes}


def _patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


RECORDED = (
    Recorded("boolean_text", "Entra ID", _patch({"op": "replace", "path": "active", "value": "False"}), "invalidValue"),
    Recorded("boolean_text", "Entra ID", _user(roles=[{"value": "Staff", "primary": "True"}]), "invalidValue"),
    Recorded("boolean_list", "a quirks list", _patch({"op": "replace", "value": {"active": [True]}}), "invalidValue"),
    Recorded("empty_text", "Entra ID", _patch({"op": "replace", "path": "title", "value": ""}), None),
    Recorded("null_add", "Entra ID", _patch({"op": "add", "path": "title", "value": None}), None),
    Recorded(
        "manager_text",
        "Entra ID",
        _patch({"op": "add", "path": f"{ENTERPRISE_USER}:manager", "value": "26118915-6045"}),
        "invalidValue",
    ),
    Recorded(
        "manager_list",
        "Entra ID",
        _patch(
            {
                "op": "add",
                "path": f"{ENTERPRISE_USER}:manager",
                "value": [{"$ref": "http://example.com/scim/Users/2819c223", "value": "2819c223"}],
            }
        ),
        "invalidValue",
    ),
    Recorded(
        "manager_reference",
        "Entra ID",
        _user(**{ENTERPRISE_USER: {"manager": {"$ref": "../Users/26118915"}}}),
        "invalidValue",
    ),
    Recorded(
        "manager_id_key",
        "OneLogin",
        _user(id=None, **{ENTERPRISE_USER: {"manager": {"managerId": "26118915", "displayName": "Bo Lund"}}}),
        "invalidSyntax",
    ),
    Recorded("single_value", "OneLogin", _user(emails={"value": "cara@example.com", "primary": True}), "invalidValue"),
    Recorded("scalar_element", "OneLogin", _user(emails=["cara@example.com"]), "invalidValue"),
    Recorded(
        "dotted_keys",
        "Entra ID, flag",
        _patch({"op": "replace", "value": {"displayName": "Cara", "name.givenName": "Cara"}}),
        "invalidPath",
    ),
    Recorded(
        "urn_keys",
        "Entra ID, flag",
        _patch({"op": "replace", "value": {f"{ENTERPRISE_USER}:employeeNumber": "7"}}),
        "invalidPath",
    ),
    Recorded(
        "filter_keys", "Entra ID, flag", _patch({"op": "replace", "value": {WORK: "cara@example.com"}}), "invalidPath"
    ),
    Recorded("bare_extension_keys", "OneLogin", _user(department="Sales"), "invalidSyntax"),
    Recorded(
        "bare_extension_path",
        "Entra ID",
        _patch({"op": "add", "path": "manager", "value": {"value": "2819c223"}}),
        "invalidPath",
    ),
    Recorded("op_case", "Entra ID", _patch({"op": "Replace", "path": "active", "value": False}), None),
    Recorded(
        "operations_key_case",
        "Entra ID",
        {"schemas": [PATCH_OP], "operations": [{"op": "replace", "path": "active", "value": False}]},
        None,
    ),
    Recorded("operation_key_case", "Entra ID", _patch({"Op": "replace", "Path": "active", "Value": False}), None),
    Recorded(
        "missing_schemas",
        "Entra ID",
        {"Operations": [{"op": "replace", "path": "active", "value": False}]},
        "invalidSyntax",
    ),
    Recorded(
        "foreign_schemas",
        "SCIM 1.1 clients",
        {"schemas": ["urn:scim:schemas:core:1.0"], "Operations": [{"op": "replace", "path": "title", "value": "x"}]},
        "invalidSyntax",
    ),
    Recorded("extra_keys", "Entra ID", {**_patch({"op": "replace", "path": "title", "value": "x"}), "id": "7"}, None),
    Recorded(
        "extra_operation_keys",
        "Entra ID",
        _patch({"name": "addMember", "op": "add", "path": "members", "value": [{"value": "2819c223"}]}),
        None,
        "Group",
    ),
    Recorded("empty_path", "Entra ID", _patch({"op": "replace", "path": "", "value": {"title": "x"}}), "invalidPath"),
    Recorded("path_blanks", "Entra ID", _patch({"op": "replace", "path": "title ", "value": "x"}), "invalidPath"),
    Recorded(
        "schema_path", "Entra ID", _patch({"op": "replace", "path": USER, "value": {"title": "x"}}), "invalidPath"
    ),
    Recorded(
        "read_only_keys",
        "Okta",
        _patch({"op": "replace", "value": {"id": "abf4dd94", "displayName": "Sales"}}),
        "mutability",
        "Group",
    ),
    Recorded(
        "member_removal_by_value",
        "Entra ID, JumpCloud",
        _patch({"op": "remove", "path": "members", "value": [{"$ref": None, "value": "2819c223"}]}),
        "invalidValue",
        "Group",
    ),
    Recorded(
        "element_removal_by_value",
        "Entra ID",
        _patch({"op": "remove", "path": "emails", "value": [{"value": "cara@home.example", "type": "home"}]}),
        "invalidValue",
    ),
    Recorded("removal_value", "Entra ID", _patch({"op": "remove", "path": "title", "value": "Clerk"}), None),
)
GROUP_BODY = {"schemas": [GROUP], "displayName": "Sales"}
