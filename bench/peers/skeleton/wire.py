"""What crosses the skeleton's bus, as JSON: lists of commands to the worker, lists of outcomes back."""

from dataclasses import dataclass
from typing import Any

import orjson

CREATE = "create"
PATCH = "patch"
DELETE = "delete"


def lane_of(tenant: str) -> str:
    """Return the name of a tenant's queue."""
    return f"skeleton.{tenant}"


# The queue of commands is as durable as Rollcall's, and as jealous.
LANE_ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum", "x-single-active-consumer": True}


@dataclass(frozen=True, slots=True)
class Command:
    """One write."""

    id: int
    operation: str
    key: str
    """``{tenant}/{resource id}``."""
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command: a status and the bytes of the answer."""

    command: int
    status: int
    body: str


def encode(messages: list[Command] | list[Outcome]) -> bytes:
    """Return the messages as one body."""
    return orjson.dumps(messages)


def decode_commands(body: bytes) -> list[Command]:
    """Return the commands of a message."""
    return [Command(**fields) for fields in orjson.loads(body)]


def decode_outcomes(body: bytes) -> list[Outcome]:
    """Return the outcomes of a message."""
    return [Outcome(**fields) for fields in orjson.loads(body)]
