"""Whom an administrator means: people by id or userName, accounts by id or login."""

import re
from collections.abc import Sequence
from typing import Any

from deploy.commands.session import Session
from schemas.ids import TenantId
from schemas.scim.search import prepared_name
from tenants.administration.actor import RefusedError

_ID = re.compile(r"[0-9a-f]{32}")
_MEMBERSHIP = re.compile(r"([0-9a-f]{32})/([0-9a-f]{32})")


async def pending_ones(session: Session, tenant: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return who is meant as a job's parameters: resources as ``resource_ids`` does, memberships as GROUP/MEMBER.

    Raises:
        RefusedError: There is no such tenant, or somebody is not to be found.
    """
    pairs = [list(found.groups()) for text in texts if (found := _MEMBERSHIP.fullmatch(text))]
    people = [text for text in texts if not _MEMBERSHIP.fullmatch(text)]
    return {"resources": await resource_ids(session, tenant, people), "memberships": pairs}


async def resource_ids(session: Session, tenant: str, texts: Sequence[str]) -> list[str]:
    """Return the ids of Users (by id or userName) and of Groups and the deleted (by id), each once.

    Raises:
        RefusedError: There is no such tenant, or somebody is not to be found.
    """
    found = [await session.timelines.person_id(tenant, text) for text in texts]
    unknown = [id for id in found if not _ID.fullmatch(id)]
    if unknown:
        raise RefusedError(f"{tenant} has no User named {', '.join(unknown)}")
    return list(dict.fromkeys(found))


async def account_ids(session: Session, tenant: str, texts: Sequence[str]) -> list[str]:
    """Return the ids of accounts by id or login, each once; what is nobody's login is taken for an id.

    Raises:
        RefusedError: There is no such tenant.
    """
    id = (await session.tenants.tenant(tenant)).id
    return list(dict.fromkeys([await _account_id(session, id, text) for text in texts]))


async def _account_id(session: Session, tenant: TenantId, text: str) -> str:
    found = await session.stores.pending.with_logins(tenant, [prepared_name("User", text)])
    return found[0].id if found else text
