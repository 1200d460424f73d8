"""Desired state × applied state × policies → effects: the one way in which SCIM changes an account.

The same function decides what Sync mode applies at once, what Dry-run shows as pending, what a release carries out and
what a drift report compares. It is pure; ``carry_out`` is its other half: after carrying out the effects of a pair, the
pair has none.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from msgspec import structs

from schemas.ids import AccountId
from schemas.timestamps import timestamp
from tenants.directory.records import Account, AccountStatus, StoredResource
from tenants.policies.settings import Activation, Deprovisioning, Policies

_DAY = 86_400


class EffectKind(StrEnum):
    """What applying would do to an account."""

    CREATE = "create"
    LINK = "link"
    UPDATE = "update"
    DISABLE = "disable"
    ENABLE = "enable"
    DETACH = "detach"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that applying would do, and why."""

    kind: EffectKind
    reason: str


def account_effects(desired: StoredResource | None, account: Account | None, policies: Policies) -> tuple[Effect, ...]:
    """Return what would make the account as the directory wants it.

    Args:
        desired: The User; None when it was deleted.
        account: The account linked to it, or the detached one that is to be linked; None when there is none.
        policies: The tenant's choices.
    """
    if desired is None:
        return _leaving(account, policies)
    if account is None:
        return _joining(desired)
    return _differing(desired, account)


def erases(account: Account, policies: Policies) -> bool:
    """Tell whether the end of its User is the end of the account at once; a legal hold prevents that."""
    is_at_once = policies.deprovisioning is Deprovisioning.DELETE and not policies.erase_after_days
    return is_at_once and not account.has_legal_hold


def erase_at(account: Account, effects: tuple[Effect, ...], policies: Policies, *, now: float) -> str | None:
    """Return the moment to erase the account, after its effects; what it was before, where they do not matter.

    Whoever comes back, or is let in again, is not erased for having been away.

    Args:
        account: After the effects.
        effects: What was carried out.
        policies: The tenant's choices.
        now: Unix seconds.
    """
    kinds = {effect.kind for effect in effects}
    if kinds & {EffectKind.LINK, EffectKind.ENABLE}:
        return None
    days = 0
    if EffectKind.DETACH in kinds:
        has_to_go = policies.deprovisioning is Deprovisioning.DELETE and not account.has_legal_hold
        days = policies.erase_after_days if has_to_go else 0
    elif EffectKind.DISABLE in kinds:
        days = policies.erase_inactive_after_days
    else:
        return account.erase_at
    return timestamp(now + days * _DAY) if days else None


def profile_of(resource: StoredResource) -> dict[str, Any]:
    """Return what an account holds of its User: everything but ``active``, which is the account's status."""
    return {name: value for name, value in resource.attributes.items() if name != "active"}


def is_active(resource: StoredResource) -> bool | None:
    """Tell whether the identity provider lets the person in; None when it has taken back what it said of that.

    Nobody is let in, and nobody is locked out, because ``active`` was removed.
    """
    active: bool | None = resource.attributes.get("active")
    return active


def _leaving(account: Account | None, policies: Policies) -> tuple[Effect, ...]:
    if account is None:
        return ()
    if erases(account, policies):
        return (Effect(EffectKind.ERASE, "deleted by the identity provider"),)
    if account.resource is None and account.status is AccountStatus.DISABLED:
        return ()
    detach = Effect(EffectKind.DETACH, "deleted by the identity provider")
    if account.status is AccountStatus.DISABLED:
        return (detach,)
    return (Effect(EffectKind.DISABLE, "deleted by the identity provider"), detach)


def _joining(desired: StoredResource) -> tuple[Effect, ...]:
    if not is_active(desired):
        return ()
    return (Effect(EffectKind.CREATE, "new in the directory"),)


def _differing(desired: StoredResource, account: Account) -> tuple[Effect, ...]:
    found: list[Effect] = []
    if account.resource != desired.id:
        known = "found by the tenant's rules" if account.is_imported else "same externalId as an account that was kept"
        found.append(Effect(EffectKind.LINK, known))
    if is_active(desired) is False and account.status is not AccountStatus.DISABLED:
        found.append(Effect(EffectKind.DISABLE, "active is false"))
    if account.profile != profile_of(desired) or account.external_id != desired.external_id:
        found.append(Effect(EffectKind.UPDATE, "attributes differ"))
    if is_active(desired) and account.status is AccountStatus.DISABLED:
        found.append(Effect(EffectKind.ENABLE, "active is true"))
    return tuple(found)


def carry_out(
    effects: tuple[Effect, ...], desired: StoredResource | None, account: Account | None, policies: Policies
) -> Account | None:
    """Return the account as it is after the effects; None when there is none any more."""
    for effect in effects:
        account = _carry_out_one(effect.kind, desired, account, policies)
    return account


def _carry_out_one(
    kind: EffectKind, desired: StoredResource | None, account: Account | None, policies: Policies
) -> Account | None:
    if kind is EffectKind.CREATE and desired is not None:
        return _new_account(desired, policies)
    if account is None:
        return None
    match kind:
        case EffectKind.LINK if desired is not None:
            return structs.replace(account, resource=desired.id, is_leaving=False, is_imported=False, email=None)
        case EffectKind.UPDATE if desired is not None:
            return structs.replace(
                account,
                external_id=desired.external_id,
                login=desired.attributes["userName"],
                login_key=desired.name,
                profile=profile_of(desired),
            )
        case EffectKind.DISABLE:
            return structs.replace(account, status=AccountStatus.DISABLED)
        case EffectKind.ENABLE:
            return _enabled(account, policies)
        case EffectKind.DETACH:
            return structs.replace(account, resource=None, is_leaving=False)
        case EffectKind.ERASE:
            return None
        case _:
            return account


def _new_account(desired: StoredResource, policies: Policies) -> Account:
    waits = policies.effective_activation is Activation.MANUAL
    return Account(
        id=AccountId(desired.id),
        resource=desired.id,
        external_id=desired.external_id,
        login=desired.attributes["userName"],
        login_key=desired.name,
        status=AccountStatus.AWAITING_ACTIVATION if waits else AccountStatus.ACTIVE,
        sign_in=policies.authentication.value,
        profile=profile_of(desired),
        activated=not waits,
    )


def _enabled(account: Account, policies: Policies) -> Account:
    """Activation is asked once per account: who was activated before comes back at once."""
    if account.activated or policies.effective_activation is Activation.AUTOMATIC:
        return structs.replace(account, status=AccountStatus.ACTIVE, activated=True)
    return structs.replace(account, status=AccountStatus.AWAITING_ACTIVATION)
