"""Making, listing and revoking SCIM tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.ids import TenantId, TokenId
from schemas.messages.notices import TokenChanged
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import digest, last_four
from tenants.credentials.signing import SigningKeys
from tenants.ports import AdministrationPorts
from tenants.registry.port import TokenRecord

_LIVE_AT_MOST = 2


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
            RefusedError: No such tenant, two live tokens already, or an end in the past or too far away.
        """
        now = self._clock()
        id = await self._existing(tenant)
        if sum(1 for token in await self._ports.registry.tokens(id) if is_live(token, now)) >= _LIVE_AT_MOST:
            raise RefusedError(f"{tenant} has {_LIVE_AT_MOST} live tokens already; revoke one first")
        end = self._end(expires, now)
        token_id = TokenId(self._new_id())
        token = jwt.issue(self._keys, tenant=id, token_id=token_id, issued=int(now), expires=int(end.timestamp()))
        record = TokenRecord(
            tenant=id,
            id=token_id,
            name=name,
            last_four=last_four(token),
            digest=digest(token, self._keys.current),
            created=timestamp(now),
            created_by=actor.principal,
            expires=timestamp(int(end.timestamp())),
        )
        await self._ports.registry.add_token(record)
        await self._note(record, "token.created", {"name": name, "expires": record.expires}, actor)
        return IssuedToken(token, record)

    async def tokens(self, tenant: str) -> Sequence[TokenRecord]:
        """Return the tenant's tokens, oldest first.

        Raises:
            RefusedError: No such tenant.
        """
        return await self._ports.registry.tokens(await self._existing(tenant))

    async def revoke(self, tenant: str, token: str, *, actor: Actor) -> TokenRecord:
        """Revoke a token, named by its id or by its (only) name; every gateway refuses it within five seconds.

        Raises:
            RefusedError: No such tenant, or not exactly one such token.
        """
        id = await self._existing(tenant)
        records = await self._ports.registry.tokens(id)
        found = [r for r in records if r.id == token] or [r for r in records if r.name == token and not r.revoked]
        if len(found) != 1:
            raise RefusedError(f"{tenant} has {'no' if not found else 'more than one'} token {token}")
        await self._ports.registry.revoke_token(id, found[0].id, at=timestamp(self._clock()))
        await self._note(found[0], "token.revoked", {"name": found[0].name}, actor)
        return await self._ports.registry.token(id, found[0].id) or found[0]

    async def _existing(self, tenant: str) -> TenantId:
        if await self._ports.registry.tenant(TenantId(tenant)) is None:
            raise RefusedError(f"there is no tenant named {tenant}")
        return TenantId(tenant)

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

    async def _note(self, record: TokenRecord, action: str, details: dict[str, Any], actor: Actor) -> None:
        entry = actor.did(action, ("Token", record.id), details, at=timestamp(self._clock()))
        await self._ports.audit.append(record.tenant, [entry])
        if self._ports.notices is not None:
            await self._ports.notices.publish(TokenChanged(record.tenant, record.id))


def is_live(token: TokenRecord, now: float) -> bool:
    """Tell whether the token would be let in."""
    moment = timestamp(now)
    return (token.revoked is None or token.revoked > moment) and token.expires > moment
