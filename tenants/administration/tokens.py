"""Making, listing, renaming, rotating and revoking SCIM tokens."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from schemas.ids import TenantId, TokenId
from schemas.messages.notices import TokenChanged
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import digest, last_four
from tenants.credentials.signing import SigningKeys
from tenants.errors import PortUnavailableError
from tenants.ports import AdministrationPorts
from tenants.registry.lifetimes import due_news, is_live, is_standing
from tenants.registry.port import TokenRecord
from tenants.tenant import Tenant

_OVERLAP_SECONDS = 86_400
_LONGEST_NAME = 100


class OldStops(StrEnum):
    """When a token that is rotated is refused; never later than its own date."""

    IN_A_DAY = "24h"
    NOW = "now"
    OWN_DATE = "own-date"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token, the one time it is to be seen, with its record."""

    token: str
    record: TokenRecord


class TokenAdministration:
    """An administrator's hand on a tenant's tokens."""

    def __init__(
        self,
        ports: AdministrationPorts,
        *,
        keys: SigningKeys,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        cap_days: int = 365,
    ) -> None:
        """Keep the ports.

        Args:
            ports: Where tokens are registered.
            keys: What they are signed with.
            clock: Unix seconds.
            new_id: Unpredictable ids.
            cap_days: The longest life that a token may get.
        """
        self._ports = ports
        self._keys = keys
        self._clock = clock
        self._new_id = new_id
        self._cap_days = cap_days

    async def create(self, tenant: str, *, name: str, expires: datetime | None, actor: Actor) -> IssuedToken:
        """Issue a token; it is returned here and never again.

        Args:
            tenant: Whose token it is to be.
            name: What people call it.
            expires: Its end; None: the longest life allowed, from now.
            actor: Who asks.

        Raises:
            RefusedError: No such tenant, as many live tokens as it may have, or an end in the past or too far away.
        """
        now = self._clock()
        owner = await self._existing(tenant)
        standing = [token for token in await self._ports.registry.tokens(owner.id) if is_standing(token, now)]
        if len(standing) >= owner.token_limit:
            raise RefusedError(f"{tenant} has {owner.token_limit} live tokens already; rotate or revoke one")
        issued = self._issue(owner.id, name, expires, actor, now)
        await self._ports.registry.add_token(issued.record)
        await self._note(issued.record, "token.created", _making(issued.record), actor)
        return issued

    async def tokens(self, tenant: str) -> Sequence[TokenRecord]:
        """Return the tenant's tokens, oldest first.

        Raises:
            RefusedError: No such tenant.
        """
        return await self._ports.registry.tokens((await self._existing(tenant)).id)

    async def rename(self, tenant: str, token: str, name: str, *, actor: Actor) -> TokenRecord:
        """Give a token another name.

        Raises:
            RefusedError: No such tenant, not exactly one such token, or no usable name.
        """
        record = await self._named(await self._existing(tenant), token)
        await self._ports.registry.rename_token(record.tenant, record.id, _usable(name))
        await self._note(record, "token.renamed", {"name": [record.name, _usable(name)]}, actor)
        return await self._again(record)

    async def rotate(
        self,
        tenant: str,
        token: str,
        *,
        stops: OldStops = OldStops.IN_A_DAY,
        name: str | None = None,
        expires: datetime | None = None,
        actor: Actor,
    ) -> tuple[IssuedToken, TokenRecord]:
        """Issue a token in the place of another one; return it, this once, and the old one's record.

        The old one lives on for a while, so that no request is refused during the change; it no longer counts.

        Args:
            tenant: Whose token it is.
            token: The old one's id or name.
            stops: When the old one is refused.
            name: What people call the new one; None: as the old one.
            expires: The new one's end; None: the longest life allowed, from now.
            actor: Who asks.

        Raises:
            RefusedError: No such tenant, not exactly one such token, it has ended or is replaced already, too many
                replaced ones live on, or an end in the past or too far away.
        """
        now = self._clock()
        owner = await self._existing(tenant)
        old = await self._named(owner, token)
        await self._check_rotation(owner, old, stops, now)
        issued = self._issue(owner.id, name if name is not None else old.name, expires, actor, now)
        stop = _stop_of(old, stops, now)
        if not await self._ports.registry.rotate_token(issued.record, old.id, stops=stop):
            raise RefusedError("the token was changed by somebody else meanwhile; look again and repeat")
        await self._note(issued.record, "token.created", {**_making(issued.record), "replaces": old.id}, actor)
        await self._note(old, "token.rotated", {"replaced_by": issued.record.id, "stops": stop or old.expires}, actor)
        return issued, await self._told(old)

    async def revoke(self, tenant: str, token: str, *, actor: Actor) -> TokenRecord:
        """Revoke a token, named by its id or by its (only) name; every gateway refuses it within five seconds.

        Raises:
            RefusedError: No such tenant, or not exactly one such token.
        """
        record = await self._named(await self._existing(tenant), token)
        await self._ports.registry.revoke_token(record.tenant, record.id, at=timestamp(self._clock()))
        await self._note(record, "token.revoked", {"name": record.name}, actor)
        return await self._told(record)

    async def _existing(self, name: str) -> Tenant:
        tenant = await self._ports.registry.tenant(TenantId(name))
        if tenant is None:
            raise RefusedError(f"there is no tenant named {name}")
        return tenant

    async def _named(self, tenant: Tenant, token: str) -> TokenRecord:
        """Return the token of that id; else the live one of that name, else the ended one."""
        records, now = await self._ports.registry.tokens(tenant.id), self._clock()
        found = [record for record in records if record.id == token]
        named = [record for record in records if record.name == token]
        found = found or [record for record in named if is_live(record, now)] or named
        if not found:
            raise RefusedError(f"{tenant.id} has no token {token}")
        if len(found) > 1:
            ids = ", ".join(f"{record.id} (ends in {record.last_four})" for record in found)
            raise RefusedError(f"{tenant.id} has more than one token {token}; name it by its id: {ids}")
        return found[0]

    async def _check_rotation(self, tenant: Tenant, old: TokenRecord, stops: OldStops, now: float) -> None:
        if not is_live(old, now):
            raise RefusedError(f"the token {old.name} has ended; make a new one")
        if not is_standing(old, now):
            raise RefusedError(f"the token {old.name} is on its way out already")
        leaving = [
            token
            for token in await self._ports.registry.tokens(tenant.id)
            if is_live(token, now) and not is_standing(token, now)
        ]
        if len(leaving) >= tenant.token_limit and stops is not OldStops.NOW:
            raise RefusedError(
                f"{len(leaving)} replaced tokens of {tenant.id} live on; revoke one, or let this one stop now"
            )

    def _issue(self, tenant: TenantId, name: str, expires: datetime | None, actor: Actor, now: float) -> IssuedToken:
        end = int(self._end(expires, now).timestamp())
        id = TokenId(self._new_id())
        token = jwt.issue(self._keys, tenant=tenant, token_id=id, issued=int(now), expires=end)
        record = TokenRecord(
            tenant=tenant,
            id=id,
            name=_usable(name),
            last_four=last_four(token),
            digest=digest(token, self._keys.current),
            created=timestamp(now),
            created_by=actor.principal,
            expires=timestamp(end),
        )
        return IssuedToken(token, record)

    def _end(self, expires: datetime | None, now: float) -> datetime:
        start = datetime.fromtimestamp(now, UTC)
        latest = start + timedelta(days=self._cap_days)
        if expires is None:
            return latest
        if expires <= start:
            raise RefusedError("the token would have expired already")
        if expires > latest:
            raise RefusedError(f"a token lives {self._cap_days} days at most, until {latest.date()}")
        return expires

    async def _again(self, record: TokenRecord) -> TokenRecord:
        return await self._ports.registry.token(record.tenant, record.id) or record

    async def _told(self, before: TokenRecord) -> TokenRecord:
        """Return the token as it is now, its end told to the LMS; what fails is told by the workers' next round."""
        record = await self._again(before)
        news = due_news(record, self._clock())
        if news is not None:
            with suppress(PortUnavailableError):
                await self._ports.registry.announce(news)
        return await self._again(record)

    async def _note(self, record: TokenRecord, action: str, details: dict[str, Any], actor: Actor) -> None:
        entry = actor.did(action, ("Token", record.id), details, at=timestamp(self._clock()))
        await self._ports.audit.append(record.tenant, [entry])
        if self._ports.notices is not None:
            await self._ports.notices.publish(TokenChanged(record.tenant, record.id))


def _making(record: TokenRecord) -> dict[str, Any]:
    return {"name": record.name, "expires": record.expires}


def _stop_of(old: TokenRecord, stops: OldStops, now: float) -> str | None:
    """Return when the old token is to be revoked; None: its own date comes first."""
    if stops is OldStops.OWN_DATE:
        return None
    stop = timestamp(now if stops is OldStops.NOW else now + _OVERLAP_SECONDS)
    return stop if stop < old.expires else None


def _usable(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise RefusedError(f"a token's name has 1 to {_LONGEST_NAME} printable characters")
    return name
