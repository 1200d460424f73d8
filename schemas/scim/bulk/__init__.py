"""Bulk (RFC 7644, 3.7): many operations in one message, which may speak of resources that it is about to make.

``message`` reads it, ``references`` finds and resolves what stands for ids that are not known yet, ``plan`` puts the
operations into an order in which each finds what it refers to.
"""

from schemas.scim.bulk.message import BULK_REQUEST, BULK_RESPONSE, BulkOperation, BulkRequest, parse_bulk
from schemas.scim.bulk.plan import Part, Step, plan
from schemas.scim.bulk.references import UnresolvedReferenceError, parted, references, resolved

__all__ = [
    "BULK_REQUEST",
    "BULK_RESPONSE",
    "BulkOperation",
    "BulkRequest",
    "Part",
    "Step",
    "UnresolvedReferenceError",
    "parse_bulk",
    "parted",
    "plan",
    "references",
    "resolved",
]
