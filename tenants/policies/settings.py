"""The settings that a tenant's administrator chooses (defaults first)."""

from dataclasses import dataclass
from enum import StrEnum


class OperationMode(StrEnum):
    """Whether provisioning reaches the LMS side."""

    DRY_RUN = "dry_run"
    SYNC = "sync"


class Authentication(StrEnum):
    """How accounts sign in."""

    PASSWORD = "password"  # noqa: S105 - the name of a setting, not a secret
    SSO = "sso"


class Activation(StrEnum):
    """Whether new accounts wait for an administrator."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Deprovisioning(StrEnum):
    """What SCIM DELETE does to the account."""

    DISABLE = "disable"
    DELETE = "delete"


class OnReturn(StrEnum):
    """What a POST for an inactive User with the same externalId and userName does."""

    REVIVE = "revive"
    CONFLICT = "conflict"


class LinkRule(StrEnum):
    """What of an account that the LMS had before has to be a User's, for the two to be linked."""

    EXTERNAL_ID = "external_id"
    USER_NAME = "user_name"
    EMAIL = "email"
    """A verified address in a domain that the tenant owns."""


AUDIT_DAYS_AT_LEAST = 30


@dataclass(frozen=True, slots=True)
class Policies:
    """One tenant's choices."""

    mode: OperationMode = OperationMode.DRY_RUN
    authentication: Authentication = Authentication.PASSWORD
    activation: Activation = Activation.AUTOMATIC
    deprovisioning: Deprovisioning = Deprovisioning.DISABLE
    on_return: OnReturn = OnReturn.REVIVE
    audit_days: int = 400
    """How long entries of the audit log are kept."""
    has_guard: bool = True
    """Whether deprovisioning beyond the limit is held."""
    guard_limit: int | None = None
    """How many may be deprovisioned within an hour; None: a tenth of the managed accounts, 20 at least."""
    link_by: tuple[LinkRule, ...] = (LinkRule.USER_NAME,)
    """How accounts that the LMS had before are found; the first rule that finds any decides."""
    owned_domains: tuple[str, ...] = ()
    """Domains, in lower case, in which a verified address is proof of who somebody is."""

    erase_after_days: int = 0
    """Under ``delete``: how many days later an account is erased, which is disabled at once; 0: erased at once."""
    erase_inactive_after_days: int = 0
    """After how many days an account is erased whose User is only deactivated; 0: never."""

    @property
    def effective_activation(self) -> Activation:
        """Single sign-on always activates, whatever is stored."""
        return Activation.AUTOMATIC if self.authentication is Authentication.SSO else self.activation
