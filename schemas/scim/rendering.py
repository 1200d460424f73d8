"""A resource as the JSON answer, complete but for the URI under which the reader knows the tenant.

Every URI of the tenant begins with the byte ``BASE`` instead; JSON text cannot hold that byte (RFC 8259, 7: control
characters are escaped), so a reader replaces it without parsing.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.definitions.model import ResourceType

BASE = b"\x1f"
"""Stands for ``{public_url}/scim/v2/{tenant}``."""

_APART = frozenset({"members", "groups", "externalId"})
"""Not among the attributes as they stand: edges are spliced in when wanted, ``externalId`` has its place in front."""


def entity_tag(version: int) -> str:
    """Return the version as a weak entity tag; the same text is ``meta.version``."""
    return f'W/"{version}"'


def render(
    resource_type: ResourceType, id: str, attributes: Mapping[str, Any], *, created: str, modified: str, version: int
) -> bytes:
    """Return the resource as one JSON object, without the ``members`` of a Group and the ``groups`` of a User."""
    schemas = [resource_type.schema.id]
    body: dict[str, Any] = {"schemas": schemas, "id": id}
    if (external_id := attributes.get("externalId")) is not None:
        body["externalId"] = external_id
    extended: dict[str, Any] = {}
    for name, value in attributes.items():
        if ":" in name:
            # An extension, whether or not a schema describes it.
            if value:
                extended[name] = _with_manager_reference(value) if name == ENTERPRISE_USER else value
        elif name not in _APART:
            body[name] = value
    if extended:
        # RFC 7643, 3: an extension's URI is in `schemas` exactly when the resource has attributes of it.
        schemas.extend(extended)
        body.update(extended)
    return orjson.dumps(body)[:-1] + _meta(resource_type, id, created=created, modified=modified, version=version)


def splice(rendered: bytes, name: str, value_json: bytes) -> bytes:
    """Return the rendered object with one more member at its end."""
    return b"%b,%b:%b}" % (rendered[:-1], orjson.dumps(name), value_json)


def _with_manager_reference(extension: Mapping[str, Any]) -> Mapping[str, Any]:
    manager = extension.get("manager")
    if not manager or "value" not in manager:
        return extension
    # A fragment goes into the text as it is; quote() leaves only characters that JSON does not escape.
    reference = orjson.Fragment(b'"%b/Users/%b"' % (BASE, quote(manager["value"], safe="").encode()))
    return {**extension, "manager": {**manager, "$ref": reference}}


def _meta(resource_type: ResourceType, id: str, *, created: str, modified: str, version: int) -> bytes:
    # Written by hand: none of these texts holds a character that JSON escapes, and BASE must stay as it is.
    location = b"%b%b/%b" % (BASE, resource_type.endpoint.encode(), id.encode())
    times = f'"created":"{created}","lastModified":"{modified}"'.encode()
    return b',"meta":{"resourceType":"%b",%b,"location":"%b","version":"W/\\"%d\\""}}' % (
        resource_type.name.encode(),
        times,
        location,
        version,
    )
