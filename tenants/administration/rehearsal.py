"""What a change of settings does to the people who are there already: told before it is done, and done by jobs.

By itself a setting is for what comes; whoever is there stays as they are unless the administrator says so, with two
exceptions. With single sign-on nobody waits for an activation (in dry-run: once the tenant is in sync), and what is
pending is released under the settings that are in force then.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from schemas.ids import PlanId, ResourceId, TenantId
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.jobs import JobAdministration
from tenants.administration.mode import ModeAdministration, Switched
from tenants.administration.tenants import SettingsChange, TenantAdministration, settings_of
from tenants.directory.pending import PendingKind
from tenants.directory.records import Account, AccountStatus
from tenants.jobs.job import Job, JobKind
from tenants.policies.settings import Activation, Authentication, Deprovisioning, OperationMode, Policies
from tenants.ports import AdministrationPorts
from tenants.tenant import Tenant

_PAGE = 1_000
_LET_IN = "people who await activation are let in"


class When(StrEnum):
    """When a consequence comes about."""

    AT_ONCE = "at once"
    IF_CHOSEN = "only with --existing"
    ON_RELEASE = "when it is released"
    IN_SYNC = "only with --existing, in sync mode"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a changed setting means for some of those who are there already."""

    setting: str
    count: int
    what: str
    when: When


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a change of settings would do."""

    changed: dict[str, tuple[object, object]]
    """By setting: (before, after)."""
    consequences: Sequence[Consequence]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change of settings did."""

    switched: Switched
    jobs: Sequence[Job]
    """For those who are there already; the release that a change of mode starts is not among them."""


@dataclass(slots=True)
class _Census:
    """How many there are."""

    waiting: int = 0
    """For an activation."""
    managed: int = 0
    otherwise: int = 0
    """Managed ones whose sign-in is not as the setting would be."""

    def count(self, account: Account, authentication: Authentication) -> None:
        self.waiting += account.status is AccountStatus.AWAITING_ACTIVATION
        if account.resource is not None and not account.is_leaving:
            self.managed += 1
            self.otherwise += account.sign_in != authentication.value


class SettingsAdministration:
    """Changes of settings, with what they mean for those who are there already."""

    def __init__(
        self,
        ports: AdministrationPorts,
        tenants: TenantAdministration,
        mode: ModeAdministration,
        jobs: JobAdministration,
    ) -> None:
        """Change by these."""
        self._ports = ports
        self._tenants = tenants
        self._mode = mode
        self._jobs = jobs

    async def rehearse(self, name: str, change: SettingsChange) -> Rehearsal:
        """Say what the change would do; nothing is changed.

        Raises:
            RefusedError: There is no such tenant, or the settings are at odds.
        """
        before, after = await self._tenants.rehearse(name, change)
        old, new = settings_of(before), settings_of(after)
        changed = {key: (old[key], new[key]) for key in new if old[key] != new[key]}
        found = [
            *await self._of_accounts(before, after, change),
            *await self._of_leavers(before, after),
            *await self._of_mode(before, after),
        ]
        return Rehearsal(changed, [consequence for consequence in found if consequence.count])

    async def change(
        self, name: str, change: SettingsChange, *, existing: bool, plan: PlanId | None = None, actor: Actor
    ) -> Changed:
        """Change settings; with ``existing`` those who are there already get them too, by jobs.

        That may be repeated later: settings that are named and stand already are applied to who is not yet as they say.
        With a confirmed ``plan`` the release that going to sync starts goes by it (``ModeAdministration.change``).

        Raises:
            RefusedError: There is no such tenant, the settings are at odds, somebody else changed them meanwhile, or
                existing accounts are to be changed while the tenant is in dry-run.
        """
        _, after = await self._tenants.rehearse(name, change)
        is_in_sync = after.policies.mode is OperationMode.SYNC
        if existing and not is_in_sync:
            raise RefusedError("the tenant is in dry-run, where accounts stay as they are; leave out --existing")
        switched = await self._mode.change(name, change, plan=plan, actor=actor)
        kind = _job_kind(after.policies, change, existing=existing) if is_in_sync else None
        if kind is None or not await self._has_any(kind, after):
            return Changed(switched, ())
        return Changed(switched, [await self._jobs.start(name, kind, {}, actor=actor)])

    async def _of_accounts(self, before: Tenant, after: Tenant, change: SettingsChange) -> list[Consequence]:
        if change.authentication is None and change.activation is None:
            return []
        census = _Census()
        async for account in self._accounts(before.id):
            census.count(account, after.policies.authentication)
        found: list[Consequence] = []
        if change.authentication is not None:
            found.append(Consequence("authentication", census.otherwise, _sign_in(after.policies), _if_chosen(after)))
        if _lets_in(after.policies, change):
            setting = "activation" if change.authentication is None else "authentication"
            found.append(Consequence(setting, census.waiting, _LET_IN, _when_let_in(after, change)))
        return found

    async def _of_leavers(self, before: Tenant, after: Tenant) -> list[Consequence]:
        if _fate(before.policies) == _fate(after.policies):
            return []
        has_changed = before.policies.deprovisioning is not after.policies.deprovisioning
        setting = "deprovisioning" if has_changed else "erase_after_days"
        erasable, kept = 0, 0
        async for account in self._leavers(before.id):
            kept += account.has_legal_hold
            erasable += not account.has_legal_hold
        if after.policies.deprovisioning is Deprovisioning.DISABLE:
            what = "pending leavers are disabled and kept instead of erased"
            return [Consequence(setting, erasable, what, When.ON_RELEASE)]
        return [
            Consequence(setting, erasable, f"pending leavers are {_erased(after.policies)}", When.ON_RELEASE),
            Consequence(setting, kept, "pending leavers are kept by a legal hold", When.ON_RELEASE),
        ]

    async def _of_mode(self, before: Tenant, after: Tenant) -> list[Consequence]:
        if before.policies.mode is after.policies.mode:
            return []
        if after.policies.mode is OperationMode.SYNC:
            counts = await self._ports.pending.counts(before.id)
            released = [
                Consequence("mode", counts.get(kind, 0), f"pending {kind.value}s are released", When.AT_ONCE)
                for kind in PendingKind
            ]
            return [*released, *await self._of_waiting(before, after)]
        releases = await self._jobs.releases_of_all(before.id)
        return [Consequence("mode", len(releases), "releases are stopped; what is left stays pending", When.AT_ONCE)]

    async def _of_waiting(self, before: Tenant, after: Tenant) -> list[Consequence]:
        """Tell of those who go on waiting in dry-run; where the authentication changes as well it tells of them."""
        is_told = before.policies.authentication is not after.policies.authentication
        if is_told or after.policies.authentication is not Authentication.SSO:
            return []
        census = _Census()
        async for account in self._accounts(before.id):
            census.count(account, after.policies.authentication)
        return [Consequence("mode", census.waiting, _LET_IN, When.AT_ONCE)]

    async def _has_any(self, kind: JobKind, tenant: Tenant) -> bool:
        """Tell whether a job of the kind would find anybody."""
        census = _Census()
        async for account in self._accounts(tenant.id):
            census.count(account, tenant.policies.authentication)
            if census.waiting or (kind is JobKind.ALIGN and census.otherwise):
                return True
        return False

    async def _accounts(self, tenant: TenantId) -> AsyncIterator[Account]:
        after = ""
        while page := await self._ports.accounts.accounts(tenant, after=after, limit=_PAGE):
            for account in page:
                yield account
            after = page[-1].id

    async def _leavers(self, tenant: TenantId) -> AsyncIterator[Account]:
        after = ResourceId("")
        while page := await self._ports.pending.pending(tenant, PendingKind.LEAVER, after=after, limit=_PAGE):
            for leaver in page:
                if leaver.account is not None:
                    yield leaver.account
            after = page[-1].id


def _job_kind(after: Policies, change: SettingsChange, *, existing: bool) -> JobKind | None:
    """Return by which job those who are there already get the settings; aligning lets in who waits as well."""
    if existing and change.authentication is not None:
        return JobKind.ALIGN
    if existing and _lets_in(after, change):
        return JobKind.ACTIVATE
    is_sso = after.authentication is Authentication.SSO
    # In dry-run nobody was let in, whenever the authentication became SSO.
    return JobKind.ACTIVATE if is_sso and (change.authentication or change.mode) is not None else None


def _lets_in(after: Policies, change: SettingsChange) -> bool:
    """Tell whether nobody has to wait any more by what was named."""
    is_named = change.activation is not None or change.authentication is not None
    return is_named and after.effective_activation is Activation.AUTOMATIC


def _fate(policies: Policies) -> tuple[Deprovisioning, int]:
    """Return what becomes of an account whose User was deleted, and after how many days."""
    is_erased = policies.deprovisioning is Deprovisioning.DELETE
    return policies.deprovisioning, policies.erase_after_days if is_erased else 0


def _erased(policies: Policies) -> str:
    days = policies.erase_after_days
    if not days:
        return "erased for good"
    return f"disabled, and erased for good after {days:,} day{'s' * (days > 1)} unless they return"


def _sign_in(after: Policies) -> str:
    if after.authentication is Authentication.SSO:
        return "managed accounts sign in by SSO"
    return "managed accounts sign in by password, which each has to set first"


def _if_chosen(after: Tenant) -> When:
    return When.IF_CHOSEN if after.policies.mode is OperationMode.SYNC else When.IN_SYNC


def _when_let_in(after: Tenant, change: SettingsChange) -> When:
    is_in_sync = after.policies.mode is OperationMode.SYNC
    return When.AT_ONCE if is_in_sync and change.authentication is Authentication.SSO else _if_chosen(after)
