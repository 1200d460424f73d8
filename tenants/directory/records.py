"""What the directory and the LMS side hold, as values."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from schemas.ids import AccountId, ResourceId
from schemas.scim.query import Position


class Hold(StrEnum):
    """Why a resource's effects wait."""

    DRY_RUN = "dry_run"
    GUARD = "guard"
    EXCLUDED = "excluded"
    CONFLICT = "conflict"
    UNREVIEWED = "unreviewed"
    """It would disable or erase, and the plan by which the rest was released does not name it."""


class AccountStatus(StrEnum):
    """Whether the person can use the account."""

    AWAITING_ACTIVATION = "awaiting_activation"
    ACTIVE = "active"
    DISABLED = "disabled"


# A struct, not a dataclass, as is the account: a create makes several of one resource.
class StoredResource(msgspec.Struct, frozen=True):
    """A User or Group as the identity provider last said, with all that reading it needs."""

    type: str
    id: ResourceId
    version: int
    created: str
    """RFC 3339, UTC, milliseconds; sorts as text."""
    modified: str
    name: str
    """The unique name (userName, a Group's displayName) prepared for comparison."""
    external_id: str | None
    attributes: dict[str, Any]
    """Canonical attributes, without ``id``, ``meta``, ``schemas``; of a Group without ``members``."""
    search: dict[str, Any]
    """What filters and sorting compare (``schemas.scim.search``)."""
    rendered: bytes
    """The answer (``schemas.scim.rendering``)."""
    applied_version: int = 0
    """The version that reached the LMS side; less than ``version``: pending."""
    hold: Hold | None = None
    """Why it is pending; None when nothing is."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A membership: ``member`` in ``group``."""

    group: ResourceId
    member: ResourceId
    member_type: str
    desired: bool
    """In the directory."""
    applied: bool
    """In the LMS. An edge that is neither does not exist."""
    is_kept: bool = False
    """An administrator keeps the member in the cohort, though the directory has it no more."""


class Account(msgspec.Struct, frozen=True, eq=False):
    """An LMS user."""

    id: AccountId
    resource: ResourceId | None
    """The User it is linked to; None: detached (the User was deleted, the account kept)."""
    external_id: str | None
    login: str
    login_key: str
    """The login prepared for comparison; unique among the tenant's accounts."""
    status: AccountStatus
    sign_in: str
    """``password`` or ``sso``."""
    profile: dict[str, Any]
    """What was applied of the User: displayName, name, emails, ..."""
    activated: bool
    """Whether an activation happened once; it is asked once per account."""
    is_leaving: bool = False
    """Its User was deleted, but that has not reached the LMS: it may be linked to a returning person meanwhile."""
    is_imported: bool = False
    """The LMS had it before; it has never been linked."""
    email: str | None = None
    """The verified address of an imported account, folded, by which it may be found."""
    has_legal_hold: bool = False
    """Nothing erases it."""
    erase_at: str | None = None
    """The moment from which on it is to be erased; None: not for what has happened so far."""

    def __eq__(self, other: object) -> bool:
        """Tell whether the LMS would see no difference: ``is_leaving`` is about what has not reached it."""
        if not isinstance(other, Account):
            return NotImplemented
        names = self.__struct_fields__
        return all(getattr(self, name) == getattr(other, name) for name in names if name != "is_leaving")

    def __ne__(self, other: object) -> bool:
        """Tell the opposite: a struct's own answer would not ask ``__eq__``."""
        return not self == other

    __hash__ = None  # type: ignore[assignment] # its profile has none, either

    @property
    def is_unlinked(self) -> bool:
        """Whether it is linked to nobody, or to somebody deleted."""
        return self.resource is None or self.is_leaving


@dataclass(frozen=True, slots=True)
class Cohort:
    """An LMS group."""

    resource: ResourceId
    """The Group it belongs to; also the cohort's own id."""
    name: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A deleted resource whose account or cohort is still as it was: its leave is pending."""

    type: str
    id: ResourceId
    name: str
    external_id: str | None
    deleted: str
    hold: Hold


@dataclass(frozen=True, slots=True)
class Reference:
    """What a membership needs to know of the resource it names."""

    type: str
    account: AccountId | None


@dataclass(frozen=True, slots=True)
class Counters:
    """A tenant's counters, raised by each transaction."""

    sequence: int = 0
    events: int = 0
    audit: int = 0
    users: int = 0
    groups: int = 0
    audit_digest: str = field(default="", compare=False)
    """The digest at the end of the audit log's chain; whoever adds to the chain renews it."""
    accounts: int = 0
    """Managed accounts: linked to a User."""
    leaves: tuple[tuple[int, int], ...] = ()
    """(minute since 1970, how many were deprovisioned in it), within the guard's window."""
    guard_tripped: str = ""
    """When the guard last began to hold; RFC 3339."""


@dataclass(frozen=True, slots=True)
class CachedResource:
    """A resource as a reader gets it."""

    type: str
    id: ResourceId
    version: int
    modified: str
    rendered: bytes
    may_be_member: bool = field(default=True, compare=False)
    """False: it is certainly in no group, and nobody has to ask."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a Group's ``members``."""

    id: ResourceId
    type: str


@dataclass(frozen=True, slots=True)
class GroupOfMember:
    """One entry of a User's ``groups``."""

    id: ResourceId
    display: str
    is_direct: bool = True
    """False: the User is in it through other Groups that are in it."""


class Page(msgspec.Struct, frozen=True):
    """Part of a query's result."""

    total: int
    """All matches, not the page's."""
    resources: tuple[CachedResource, ...] = ()
    next: Position | None = None
    """Where the next page begins: the place of the last resource; None on the last page."""
