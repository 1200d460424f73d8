"""What would become of something pending if all that is pending were released now: the workers' rules, rehearsed.

Pure. One item is judged at a time, by ``account_effects`` and ``match`` as workers use them. Whether a login name will
be free depends on others that are pending; ``preview_logins`` decides that for all of them together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tenants.directory.records import Account, Cohort, Edge, Hold, StoredResource
from tenants.policies.effects import Effect, EffectKind, account_effects, carry_out
from tenants.policies.matching import Match, match
from tenants.policies.settings import Policies


class Foreseen(StrEnum):
    """What a release would do to one item, or why it would do nothing."""

    CREATE = "create"
    LINK = "link"
    UPDATE = "update"
    ENABLE = "enable"
    DISABLE = "disable"
    DETACH = "detach"
    """The User is gone and its account is kept, linked to nobody."""
    ERASE = "erase"
    CREATE_COHORT = "create_cohort"
    UPDATE_COHORT = "update_cohort"
    REMOVE_COHORT = "remove_cohort"
    JOIN = "join"
    LEAVE = "leave"
    CONFLICT = "conflict"
    """Kept back: an administrator has to decide."""
    EXCLUDED = "excluded"
    """Kept back: an administrator has set it aside."""
    GUARD = "guard"
    """Kept back: beyond the limit on deprovisioning."""
    NOTHING = "nothing"
    """Pending without effect, such as somebody who came and went, or was never active."""


DESTRUCTIVE = frozenset({Foreseen.DISABLE, Foreseen.ERASE})
"""What a plan freezes, and the guard keeps back."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a release would do, with the reasons."""

    effects: tuple[tuple[Foreseen, str], ...] = ()
    """What applying would do, though something keeps it back now."""
    kept_back: Hold | None = None
    """What keeps it back even when all is released."""
    reason: str = ""
    """Why it is kept back, or has no effect."""
    account: Account | None = None
    """The account that the User has, or is to be linked to."""
    contested: Account | None = None
    """Another account, which has the login name that is needed."""
    regardless: tuple[Foreseen, ...] = ()
    """What happens though the rest waits for the login name: who has an account is let in or locked out at once."""

    @property
    def kinds(self) -> tuple[Foreseen, ...]:
        """Return what the item counts as: what keeps it back and happens regardless, or its effects, or nothing."""
        if self.kept_back is not None:
            return (Foreseen(self.kept_back.value), *self.regardless)
        return tuple(kind for kind, _ in self.effects) or (Foreseen.NOTHING,)

    @property
    def destroys(self) -> bool:
        """Tell whether applying it would disable or erase."""
        return any(kind in DESTRUCTIVE for kind, _ in self.effects)

    def blocked(self) -> "Verdict":
        """Return the verdict where the login name will not be free."""
        return replace(self, kept_back=Hold.CONFLICT, reason="another account has its login name, and keeps it")


def judge_user(
    user: StoredResource,
    linked: Account | None,
    *,
    unlinked: Iterable[Account],
    holder: Account | None,
    policies: Policies,
) -> Verdict:
    """Return what a release would do to the account of a User.

    Args:
        user: The User.
        linked: The account that it has.
        unlinked: Accounts that nobody has, or somebody deleted, among which one may be the User's.
        holder: The account that has the User's name as its login.
        policies: The tenant's choices.
    """
    matched = Match(linked) if linked is not None else match(user, unlinked, policies)
    account = matched.account
    effects = account_effects(user, account, policies)
    verdict = Verdict(_foreseen(effects), account=account)
    if user.hold is Hold.EXCLUDED:
        return replace(verdict, kept_back=Hold.EXCLUDED, reason=_SET_ASIDE)
    if matched.conflict is not None:
        return replace(verdict, kept_back=Hold.CONFLICT, reason=matched.conflict)
    if user.hold is Hold.GUARD and verdict.destroys:
        return replace(verdict, kept_back=Hold.GUARD, reason=_GUARDED)
    if not effects:
        return replace(verdict, reason=_IN_LINE if account is not None else "inactive, and the LMS has never had it")
    if holder is None or (account is not None and (holder.id == account.id or account.login_key == user.name)):
        return verdict
    regardless = tuple(kind for kind, _ in verdict.effects if kind in _STATUS) if linked is not None else ()
    return replace(verdict, contested=holder, regardless=regardless)


def judge_leaver(hold: Hold, account: Account | None, policies: Policies) -> Verdict:
    """Return what a release would do to the account of a deleted User; None: it has none any more."""
    effects = account_effects(None, account, policies)
    verdict = Verdict(_foreseen(effects), account=account)
    if hold is Hold.EXCLUDED:
        return replace(verdict, kept_back=Hold.EXCLUDED, reason=_SET_ASIDE)
    if hold is Hold.GUARD:
        return replace(verdict, kept_back=Hold.GUARD, reason=_GUARDED)
    return (
        verdict if effects else replace(verdict, reason=_IN_LINE if account is not None else "came back, or had none")
    )


def judge_group(group: StoredResource, cohort: Cohort | None) -> Verdict:
    """Return what a release would do to the cohort of a Group."""
    verdict = Verdict(_cohort_effects(group, cohort))
    if group.hold is Hold.EXCLUDED:
        return replace(verdict, kept_back=Hold.EXCLUDED, reason=_SET_ASIDE)
    return verdict if verdict.effects else replace(verdict, reason=_IN_LINE)


def judge_removed_group(hold: Hold, cohort: Cohort | None) -> Verdict:
    """Return what a release would do to the cohort of a deleted Group."""
    effects = ((Foreseen.REMOVE_COHORT, _DELETED),) if cohort is not None else ()
    verdict = Verdict(effects)
    if hold is Hold.EXCLUDED:
        return replace(verdict, kept_back=Hold.EXCLUDED, reason=_SET_ASIDE)
    if hold is Hold.GUARD:
        return replace(verdict, kept_back=Hold.GUARD, reason=_GUARDED)
    return verdict if effects else replace(verdict, reason="the LMS has never had it")


def judge_membership(edge: Edge, *, kept_back: Hold | None, has_account: bool) -> Verdict:
    """Return what a release would do to a membership that differs.

    Args:
        edge: The membership.
        kept_back: What keeps its Group, or its deleted member, back.
        has_account: Whether the member will be on the LMS side when the release has come to it.
    """
    effect = (Foreseen.JOIN, "in the directory") if edge.desired else (Foreseen.LEAVE, "not in the directory")
    verdict = Verdict((effect,))
    if kept_back is not None:
        return replace(verdict, kept_back=kept_back, reason=_SET_ASIDE if kept_back is Hold.EXCLUDED else _GUARDED)
    if edge.desired and not has_account:
        return Verdict(reason="the person has no account to join with")
    return verdict


def changes(desired: StoredResource | None, verdict: Verdict, policies: Policies) -> dict[str, tuple[Any, Any]]:
    """Return each attribute of the account that the effects would change, with its value before and after."""
    effects = tuple(Effect(EffectKind(kind.value), reason) for kind, reason in verdict.effects)
    before = verdict.account
    after = carry_out(effects, desired, before, policies)
    return _differences(_seen(before), _seen(after))


def cohort_changes(group: StoredResource | None, cohort: Cohort | None) -> dict[str, tuple[Any, Any]]:
    """Return each attribute of the cohort that the effects would change, with its value before and after."""
    before = {"name": cohort.name, "externalId": cohort.external_id} if cohort is not None else {}
    after = {"name": group.attributes["displayName"], "externalId": group.external_id} if group is not None else {}
    return _differences(before, after)


_STATUS = frozenset({Foreseen.DISABLE, Foreseen.ENABLE})
_FORESEEN = {kind: Foreseen(kind.value) for kind in EffectKind}
_DELETED = "deleted by the identity provider"
_SET_ASIDE = "set aside by an administrator"
_GUARDED = "beyond the limit on deprovisioning"
_IN_LINE = "the LMS has it as it should be"


def _foreseen(effects: Sequence[Effect]) -> tuple[tuple[Foreseen, str], ...]:
    return tuple((_FORESEEN[effect.kind], effect.reason) for effect in effects)


def _cohort_effects(group: StoredResource, cohort: Cohort | None) -> tuple[tuple[Foreseen, str], ...]:
    if cohort is None:
        return ((Foreseen.CREATE_COHORT, "new in the directory"),)
    if cohort != Cohort(group.id, group.attributes["displayName"], group.external_id):
        return ((Foreseen.UPDATE_COHORT, "attributes differ"),)
    return ()


def _seen(account: Account | None) -> dict[str, Any]:
    """Return what an administrator sees of an account."""
    if account is None:
        return {}
    return {
        **account.profile,
        "login": account.login,
        "externalId": account.external_id,
        "status": account.status.value,
        "user": account.resource,
    }


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
