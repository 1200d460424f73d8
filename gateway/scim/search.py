"""Searches: a list and its projection, asked for by query parameters or by a message (RFC 7644, 3.4.2 and 3.4.3)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.middlewares.limits import BodyLimits
from gateway.scim.listing import PARAMETERS, ListRequest
from gateway.scim.payloads import json_object
from gateway.scim.request import ScimRequest
from gateway.settings import GatewaySettings
from schemas.scim.envelope import check_schemas
from schemas.scim.errors import InvalidValueError

SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


class Search(msgspec.Struct, frozen=True):
    """What a client wants to find, and what it wants to see of it."""

    asked: ListRequest
    attributes: str | None = None
    """Names, joined by commas, as the query parameter has them."""
    excluded: str | None = None


def search_by_parameters(request: ScimRequest) -> Search:
    """Return what the query parameters ask for.

    Raises:
        ScimError: They cannot be understood.
    """
    asked = ListRequest.from_parameters(request.parameters(PARAMETERS))
    shown = request.parameters(("attributes", "excludedAttributes"))
    return Search(asked, shown["attributes"], shown["excludedAttributes"])


class Searches:
    """Reads SearchRequests."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Hold bodies to the settings' limits."""
        self._limits = BodyLimits(settings)
        self._nesting_limit = settings.nesting_limit

    async def read(self, request: ScimRequest) -> Search:
        """Return what the body asks for.

        Raises:
            ScimError: It is no SearchRequest, or cannot be understood.
        """
        body = await self._limits.read(request.http)
        message = json_object(body, nesting_limit=self._nesting_limit)
        members = {name.lower(): value for name, value in message.items()}
        check_schemas(members.get("schemas"), SEARCH_REQUEST, strict=request.is_strict)
        return Search(
            ListRequest.from_message(message), _names(members, "attributes"), _names(members, "excludedAttributes")
        )


def _names(members: Mapping[str, Any], name: str) -> str | None:
    given = members.get(name.lower())
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return ",".join(given)
    raise InvalidValueError(f"{name} has to be an array of strings")
