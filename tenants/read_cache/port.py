"""The read cache: rendered answers by id or key, for many waiting requests at a time."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from schemas.ids import TenantId
from tenants.directory.records import CachedResource


class KeyKind(StrEnum):
    """What a look-up goes by."""

    ID = "id"
    NAME = "name"
    """userName, or a Group's displayName, prepared for comparison (``schemas.scim.search.prepared_name``)."""
    EXTERNAL_ID = "external_id"


class LookupKey(msgspec.Struct, frozen=True):
    """One question: which resources of this tenant and type have this key?"""

    tenant: TenantId
    resource_type: str
    kind: KeyKind
    value: str


class ReadCache(Protocol):
    """The read model that workers write in the same transaction as the directory."""

    async def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, Sequence[CachedResource]]:
        """Return the resources of each key, by id; keys without any are missing.

        Keys of several tenants may travel together; each carries its tenant, and none sees another's.
        An answer is never older than any write acknowledged before the call. A User whose ``may_be_member`` is false
        is in no group.

        Raises:
            PortUnavailableError: The store cannot be reached.
        """
        ...
