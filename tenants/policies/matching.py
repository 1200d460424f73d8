"""Which account that is linked to nobody is a User's: the same for workers, previews and releases. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.scim.search import fold
from tenants.directory.records import Account, StoredResource
from tenants.policies.effects import erases
from tenants.policies.settings import LinkRule, Policies


@dataclass(frozen=True, slots=True)
class Match:
    """What was found."""

    account: Account | None = None
    conflict: str | None = None
    """Why an administrator has to decide."""


NOBODY = Match()


def match(user: StoredResource, unlinked: Iterable[Account], policies: Policies) -> Match:
    """Return the account that is to be linked to a User without one.

    An account that was kept of a deleted User comes back with the same externalId, never by its name alone: names are
    given to new people. Accounts that the LMS had before are found by the tenant's rules, in their order.

    Where an account fits several Users it goes to the first of them who can be applied with it: whoever has to wait,
    for a login name or an administrator, keeps it from nobody.

    Args:
        user: The User.
        unlinked: Accounts that are linked to nobody, or to somebody deleted; those that have nothing in common with
            the User do no harm.
        policies: The tenant's choices.
    """
    found = list(unlinked)
    if not found:
        return NOBODY
    kept = [account for account in found if _is_back(user, account, policies)]
    if kept:
        return _only(kept, "several kept accounts have its externalId")
    for rule in policies.link_by:
        fitting = [account for account in found if account.is_imported and _fits(rule, user, account, policies)]
        if fitting:
            return _only(fitting, f"several accounts of the LMS fit by {rule.value}")
    return NOBODY


def surprise(user: StoredResource, account: Account) -> str | None:
    """Return what a first link would change that nobody may change unseen: the login name, or the e-mail address."""
    if not account.is_imported:
        return None
    if account.login_key != user.name:
        return "linking would change the account's login name"
    if account.email is not None and account.email not in addresses_of(user):
        return "linking would change the account's e-mail address"
    return None


def addresses_of(user: StoredResource) -> Sequence[str]:
    """Return the User's e-mail addresses, folded."""
    elements = user.attributes.get("emails", ())
    return [fold(element["value"]) for element in elements if isinstance(element.get("value"), str)]


def owned_addresses_of(user: StoredResource, policies: Policies) -> Sequence[str]:
    """Return those of the addresses that prove who somebody is, where the tenant links by them."""
    if LinkRule.EMAIL not in policies.link_by:
        return ()
    return [address for address in addresses_of(user) if address.rpartition("@")[2] in policies.owned_domains]


def _only(accounts: Sequence[Account], conflict: str) -> Match:
    return Match(accounts[0]) if len(accounts) == 1 else Match(conflict=conflict)


def _is_back(user: StoredResource, account: Account, policies: Policies) -> bool:
    if account.is_imported or not user.external_id or account.external_id != user.external_id:
        return False
    # An account that is to be erased does not come back with its old records, in whichever order things are released.
    return not (account.is_leaving and erases(account, policies))


def _fits(rule: LinkRule, user: StoredResource, account: Account, policies: Policies) -> bool:
    match rule:
        case LinkRule.EXTERNAL_ID:
            return bool(user.external_id) and account.external_id == user.external_id
        case LinkRule.USER_NAME:
            return account.login_key == user.name
        case LinkRule.EMAIL:
            return account.email is not None and account.email in owned_addresses_of(user, policies)
