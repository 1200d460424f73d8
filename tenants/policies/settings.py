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

    @property
    def effective_activation(self) -> Activation:
        """Single sign-on always activates, whatever is stored."""
        return Activation.AUTOMATIC if self.authentication is Authentication.SSO else self.activation
