"""The one codec of the bus: MessagePack by msgspec, with a version in front.

Compatibility law: a field may be added with a default; none is renamed, removed or given another meaning. A change
that cannot keep the law gets a new version byte, and readers keep the old one until no lane holds it any more.
Gateways and workers of neighbouring releases therefore work together.
"""

from collections.abc import Sequence
from typing import TypeVar, cast

import msgspec

from schemas.messages.commands import Command
from schemas.messages.notices import Notice
from schemas.messages.outcomes import Outcome

T = TypeVar("T")
_VERSION = b"\x01"


class UnreadableMessageError(ValueError):
    """The bytes are no message of a version that this release reads."""


_encoder = msgspec.msgpack.Encoder()
_commands = msgspec.msgpack.Decoder(tuple[Command, ...])
_outcomes = msgspec.msgpack.Decoder(tuple[Outcome, ...])
_notice = msgspec.msgpack.Decoder(Notice)


def encode_commands(commands: Sequence[Command]) -> bytes:
    """Return the commands of one tenant as one message."""
    return _VERSION + _encoder.encode(commands)


def decode_commands(message: bytes) -> tuple[Command, ...]:
    """Return the commands of a message.

    Raises:
        UnreadableMessageError: Another version, or no such message.
    """
    return _decode(_commands, message)


def encode_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """Return outcomes as one message; also the form in which receipts are kept."""
    return _VERSION + _encoder.encode(outcomes)


def decode_outcomes(message: bytes) -> tuple[Outcome, ...]:
    """Return the outcomes of a message.

    Raises:
        UnreadableMessageError: Another version, or no such message.
    """
    return _decode(_outcomes, message)


def encode_notice(notice: Notice) -> bytes:
    """Return the notice as a message."""
    return _VERSION + _encoder.encode(notice)


def decode_notice(message: bytes) -> Notice:
    """Return the notice of a message.

    Raises:
        UnreadableMessageError: Another version, or no such message.
    """
    return cast("Notice", _decode(_notice, message))


def _decode(decoder: "msgspec.msgpack.Decoder[T]", message: bytes) -> T:
    if message[:1] != _VERSION:
        raise UnreadableMessageError(f"message version {message[:1].hex() or 'missing'} is not known")
    try:
        return decoder.decode(message[1:])
    except msgspec.DecodeError as error:
        raise UnreadableMessageError(str(error)) from error
