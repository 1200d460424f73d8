"""One request on its way through the gateway."""

from dataclasses import dataclass


@dataclass(slots=True)
class Visit:
    """What is learnt of a request as it goes from stage to stage; told in its line of the request log."""

    request_id: str
    started: float
    """By the clock that only goes forward."""
    address: str
    agent: str
    endpoint: str = "other"
    """The endpoint's name, like ``Users/{id}``; never the path."""
    tenant: str = ""
    principal: str = ""
    name: str = ""
    """The principal's, as the audit log keeps it."""
