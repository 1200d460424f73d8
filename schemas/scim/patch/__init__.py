"""PATCH (RFC 7644, 3.5.2): the message checked without state, and its operations applied to a resource's attributes.

``message`` reads the envelope, ``targets`` finds what a path leads to, ``steps`` brings operations and their values to
one form, ``changes`` carries one of them out.
"""

from schemas.scim.patch.patch import apply_patch, parse_patch

__all__ = ["apply_patch", "parse_patch"]
