"""Keys: texts that begin with the tenant, so that every index does.

``tenant/part/part``: tenants, types and ids hold no slash, so only the last part may be any text, and no two keys of
different parts are equal. All keys below a prefix are one range of the index.
"""

_AFTER_SLASH = "0"
"""The character that follows ``/``."""


def below(*prefix: str, after: str = "") -> dict[str, str]:
    """Return the condition on keys that begin with these parts and whose rest is greater than ``after``."""
    start = "/".join(prefix)
    return {"$gt": f"{start}/{after}", "$lt": f"{start}{_AFTER_SLASH}"}


def last_parts(key: str) -> tuple[str, str]:
    """Return the second and the third part of a key of three: (type, id), (group, member)."""
    _, second, third = key.split("/", 2)
    return second, third


def last_part(key: str) -> str:
    """Return the second part of a key of two."""
    return key.split("/", 1)[1]
