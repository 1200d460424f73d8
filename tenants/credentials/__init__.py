"""Principals, SCIM tokens, and the one decision who is let in."""
