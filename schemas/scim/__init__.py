"""SCIM 2.0 as values and pure functions (RFC 7643, 7644)."""
