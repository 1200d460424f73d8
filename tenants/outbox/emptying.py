"""Events without what they say of a person. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.messages.events import Event

_IDS = frozenset({"account", "user"})
"""Kept: ids are nobody's data, and whoever follows the events needs to know whom later ones are about."""
_MARK = "redacted"
_ABOUT_ACCOUNTS = "account."


def is_about_account(event: Event) -> bool:
    """Tell whether the event's subject is an account, so that its payload says something of a person."""
    return event.type.value.startswith(_ABOUT_ACCOUNTS)


def emptied(event: Event) -> Event:
    """Return the event with ids alone; the same where it has nothing else."""
    if not event.payload.keys() - _IDS - {_MARK}:
        return event
    kept: dict[str, Any] = {name: value for name, value in event.payload.items() if name in _IDS}
    return msgspec.structs.replace(event, payload={**kept, _MARK: True})


def users_of(events: Iterable[Event]) -> set[str]:
    """Return the ids of the Users that the events' accounts were linked to."""
    users = (event.payload.get("user") for event in events)
    return {user for user in users if isinstance(user, str)}
