"""The URL map below a Tenant URL: endpoints without regard to case, with or without a slash at the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from gateway.refusals import MethodNotAllowedError
from gateway.scim.request import Endpoint
from schemas.scim.errors import ResourceNotFoundError

_NAMED = "{id}"


@dataclass(frozen=True, slots=True)
class Route:
    """One place of the map."""

    name: str
    """As logs and metrics call it, like ``Users/{id}``."""
    endpoints: Mapping[str, Endpoint]
    """By HTTP method."""
    allow: str
    """The methods, as the header ``Allow`` lists them."""

    def endpoint(self, method: str) -> Endpoint:
        """Return what answers the method.

        Raises:
            MethodNotAllowedError: Nothing does.
        """
        endpoint = self.endpoints.get(method)
        if endpoint is None:
            raise MethodNotAllowedError(self.allow)
        return endpoint


class UrlMap:
    """All places below a Tenant URL."""

    def __init__(self) -> None:
        """Begin with none."""
        self._routes: dict[tuple[str, ...], Route] = {}

    def add(self, path: str, **endpoints: Endpoint) -> None:
        """Put endpoints, by method, at a path like ``/Users`` or ``/Users/{id}``. Where there is GET there is HEAD."""
        if "GET" in endpoints:
            endpoints["HEAD"] = endpoints["GET"]
        place = path.removeprefix("/")
        key = tuple(part if part == _NAMED else part.lower() for part in place.split("/"))
        self._routes[key] = Route(place or path, endpoints, ", ".join([*endpoints, "OPTIONS"]))

    def find(self, path: str) -> tuple[Route, str]:
        """Return the place that the (still encoded) path leads to, and the decoded name where the map has ``{id}``.

        Raises:
            ResourceNotFoundError: It leads nowhere.
        """
        # RFC 3986, 6.2.2.2: percent-encoded letters are the letters.
        endpoint, slash, name = (unquote(part) if "%" in part else part for part in path.partition("/"))
        route = self._routes.get((endpoint.lower(), name.lower()) if slash else (endpoint.lower(),))
        if route is not None:
            return route, ""
        route = self._routes.get((endpoint.lower(), _NAMED))
        if route is None or not name or "/" in name:
            raise ResourceNotFoundError("there is no such endpoint")
        return route, name
