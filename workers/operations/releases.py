"""Whether what is pending may be applied now: by whose word, and what keeps it back."""

from dataclasses import dataclass
from enum import Enum

from schemas.ids import AccountId, PlanId, ResourceId
from tenants.directory.records import Hold, StoredResource
from tenants.policies.effects import Effect, EffectKind
from tenants.policies.matching import Match, surprise
from tenants.policies.settings import OperationMode
from workers.workspace import Workspace

DESTRUCTIVE = frozenset({EffectKind.DISABLE, EffectKind.ERASE})
"""What the guard counts of a User; shrinking Groups come besides."""


class Word(Enum):
    """By whose word effects are carried out."""

    INLINE = "inline"
    """The identity provider's, as it comes."""
    ALL = "all"
    """An administrator's, about everything that is pending: a tenant goes from dry-run to sync."""
    CHOSEN = "chosen"
    """An administrator's, about these very ones."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is being released."""

    word: Word = Word.INLINE
    chosen: frozenset[ResourceId] = frozenset()
    link: AccountId | None = None
    """The account that an administrator decided on."""
    plan: PlanId | None = None
    """The plan that was confirmed: nobody is destroyed by this release otherwise than it says."""

    def covers(self, id: ResourceId, hold: Hold | None) -> bool:
        """Tell whether a resource that somebody waits for may be applied along with this release."""
        match self.word:
            case Word.INLINE:
                return hold in {None, Hold.CONFLICT}
            case Word.ALL:
                return hold in {None, Hold.CONFLICT, Hold.DRY_RUN, Hold.UNREVIEWED}
            case Word.CHOSEN:
                return id in self.chosen


INLINE = Release()


def hold_of(
    workspace: Workspace, user: StoredResource, matched: Match, effects: tuple[Effect, ...], release: Release
) -> Hold | None:
    """Return why the effects have to wait, as far as that does not depend on other accounts."""
    is_chosen = release.word is Word.CHOSEN
    if user.hold is Hold.EXCLUDED and not is_chosen:
        return Hold.EXCLUDED
    if not effects and matched.conflict is None:
        return None
    if release.word is Word.INLINE and workspace.policies.mode is OperationMode.DRY_RUN:
        return Hold.DRY_RUN
    if matched.conflict is not None:
        return Hold.CONFLICT
    if (
        release.word is Word.INLINE
        and matched.account is not None
        and matched.account.resource is None
        and surprise(user, matched.account)
    ):
        return Hold.CONFLICT
    return _guarded(workspace, user, effects, release)


def _guarded(workspace: Workspace, user: StoredResource, effects: tuple[Effect, ...], release: Release) -> Hold | None:
    if not any(effect.kind in DESTRUCTIVE for effect in effects):
        return None
    if release.word is not Word.INLINE:
        # An administrator has seen it; what the guard had kept back before waits for a word of its own.
        if user.hold is Hold.GUARD and release.word is Word.ALL:
            return Hold.GUARD
        return None if is_reviewed(workspace, user.id, effects, release) else Hold.UNREVIEWED
    if user.hold in {Hold.GUARD, Hold.UNREVIEWED}:
        return user.hold
    return None if workspace.guard.admit() else Hold.GUARD


def is_reviewed(workspace: Workspace, id: ResourceId, effects: tuple[Effect, ...], release: Release) -> bool:
    """Tell whether what the effects destroy is in the plan by which this is released, and in the same way there."""
    if release.plan is None:
        return True
    destroyed = [effect.kind.value for effect in effects if effect.kind in DESTRUCTIVE]
    return all(workspace.planned(release.plan, id) == kind for kind in destroyed)
