"""A token's life: how it stands at a moment, and what the LMS is to be told of its end. Pure."""

import math
from enum import StrEnum
from typing import Any

from schemas.messages.events import EventType
from schemas.timestamps import timestamp, unix_seconds
from tenants.registry.port import TokenNews, TokenRecord

WARNING_DAYS = (60, 30, 14, 7, 1)
"""How many days before its end a token's end is told of."""
_DAY_SECONDS = 86_400
_END = 0


class TokenState(StrEnum):
    """How a token stands."""

    LIVE = "live"
    ENDING = "ending"
    """It lives, and expires within the first of the warnings."""
    STOPPING = "stopping"
    """It lives, and its revocation is set."""
    EXPIRED = "expired"
    REVOKED = "revoked"


def state_of(token: TokenRecord, now: float) -> TokenState:
    """Return how the token stands; one that is expired and revoked is revoked, as who presents it is told."""
    moment = timestamp(now)
    if token.revoked is not None and token.revoked <= moment:
        return TokenState.REVOKED
    if token.expires <= moment:
        return TokenState.EXPIRED
    if token.revoked is not None and token.revoked < token.expires:
        return TokenState.STOPPING
    return TokenState.ENDING if _seconds_left(token, now) <= WARNING_DAYS[0] * _DAY_SECONDS else TokenState.LIVE


def is_live(token: TokenRecord, now: float) -> bool:
    """Tell whether the token would be let in."""
    return state_of(token, now) not in {TokenState.EXPIRED, TokenState.REVOKED}


def is_standing(token: TokenRecord, now: float) -> bool:
    """Tell whether the token lives and nothing is set to take its place or to stop it."""
    return is_live(token, now) and token.replaced_by is None and token.revoked is None


def days_left(token: TokenRecord, now: float) -> int:
    """Return in how many days the token is refused, a begun one counted; 0: it is refused now."""
    return math.ceil(max(0.0, _seconds_left(token, now)) / _DAY_SECONDS)


def due_news(token: TokenRecord, now: float) -> TokenNews | None:
    """Return what the LMS is to be told of the token now, if it was not told before.

    Of several thresholds that went by untold the last one is told, and none that lies before the token was made. A
    token has one end; whoever set its revocation needs no warning of it.
    """
    due = _due(token, now)
    if due is None or (token.warned is not None and token.warned <= due[1]):
        return None
    type, warned = due
    return TokenNews(
        tenant=token.tenant,
        token=token.id,
        type=type,
        at=timestamp(now),
        payload=_payload(token, warned, now),
        follows=token.warned,
        warned=warned,
    )


def _due(token: TokenRecord, now: float) -> tuple[EventType, int] | None:
    match state_of(token, now):
        case TokenState.REVOKED:
            return EventType.TOKEN_REVOKED, _END
        case TokenState.EXPIRED:
            return EventType.TOKEN_EXPIRED, _END
        case TokenState.ENDING:
            days = min(days for days in WARNING_DAYS if _seconds_left(token, now) <= days * _DAY_SECONDS)
            was_reached = unix_seconds(token.expires) - days * _DAY_SECONDS > unix_seconds(token.created)
            return (EventType.TOKEN_EXPIRING, days) if was_reached else None
        case _:
            return None


def _payload(token: TokenRecord, warned: int, now: float) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "token": token.id,
        "name": token.name,
        "last_four": token.last_four,
        "expires": token.expires,
        "revoked": token.revoked,
        "replaced_by": token.replaced_by,
        "last_used": token.last_use.at if token.last_use is not None else None,
    }
    return payload if warned == _END else {**payload, "threshold_days": warned, "days_left": days_left(token, now)}


def _seconds_left(token: TokenRecord, now: float) -> float:
    return unix_seconds(min(token.expires, token.revoked or token.expires)) - now
