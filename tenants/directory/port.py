"""The directory as the gateway may see it: to read, never to write."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.ids import ResourceId, TenantId
from schemas.scim.query import Query
from tenants.directory.records import Account, Cohort, GroupOfMember, Member, Page


class DirectoryReader(Protocol):
    """Reads of one tenant, never older than any write acknowledged before the read began.

    Raises:
        PortUnavailableError: The store cannot be reached (all methods).
    """

    async def search(self, tenant: TenantId, query: Query) -> Page:
        """Return a page of one resource type's matches, in the query's order (``schemas.scim.sorting``).

        Filter and order are the store's work: what is not of the page is never loaded. Pages that go on after one
        another's last place show what is there all the while exactly once, whoever comes and goes.
        """
        ...

    async def members(
        self,
        tenant: TenantId,
        groups: Sequence[ResourceId],
        *,
        after: ResourceId | None = None,
        limit: int | None = None,
    ) -> Mapping[ResourceId, Sequence[Member]]:
        """Return the members of each group in the order of their ids; groups without members may be missing.

        Args:
            tenant: Whose groups they are.
            groups: Their ids.
            after: Only members with greater ids.
            limit: At most so many in all, the first of them in the order of the groups' ids and then of the members':
                what is fewer than the limit is all there is.
        """
        ...

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        """Return the groups that each member is in, by id; members of none may be missing.

        Directly, or through groups that are in groups, ``MAX_NESTING`` of them at most; each once, however many ways
        lead there, and no group is said to be in itself.
        """
        ...


class AccountReader(Protocol):
    """The LMS side, to read."""

    async def accounts(self, tenant: TenantId, *, after: str, limit: int) -> Sequence[Account]:
        """Return accounts with ids greater than ``after``, by id."""
        ...

    async def cohorts(self, tenant: TenantId, *, after: str, limit: int) -> Sequence[Cohort]:
        """Return cohorts with ids greater than ``after``, by id."""
        ...

    async def of_nobody(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[ResourceId]:
        """Return which Users are gone though an account is linked to them, or Groups though their cohort is there.

        Those with ids greater than ``after``, by id. The two sides may be read at two moments, one after the other.
        """
        ...

    async def cohort_members(self, tenant: TenantId, cohort: ResourceId) -> Sequence[ResourceId]:
        """Return the members (as resource ids) that the LMS has in the cohort, by id."""
        ...
