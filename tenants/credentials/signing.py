"""The keys that tokens are signed with: the current one, and the one before while its tokens live on."""

import hashlib
from dataclasses import dataclass, field

_SHORTEST_KEY = 32
"""Bytes; RFC 7518, 3.2: an HS256 key is at least as long as the hash."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret with its public name."""

    secret: bytes = field(repr=False)
    id: str = field(init=False)
    """The ``kid``: the first eight hexadecimal digits of the secret's SHA-256."""

    def __post_init__(self) -> None:
        """Refuse keys that could be guessed.

        Raises:
            ValueError: The secret is shorter than 32 bytes.
        """
        if len(self.secret) < _SHORTEST_KEY:
            raise ValueError(f"a signing key has at least {_SHORTEST_KEY} bytes")
        object.__setattr__(self, "id", hashlib.sha256(self.secret).hexdigest()[:8])


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What new tokens are signed with, and what older tokens may still be signed with."""

    current: SigningKey
    previous: SigningKey | None = None

    def named(self, kid: object) -> SigningKey | None:
        """Return the key of that name, or None."""
        if kid == self.current.id:
            return self.current
        return self.previous if self.previous is not None and kid == self.previous.id else None


def signing_keys(current: str, previous: str | None = None) -> SigningKeys:
    """Return the keys that the texts (of a setting) stand for.

    Raises:
        ValueError: A key is shorter than 32 bytes.
    """
    return SigningKeys(SigningKey(current.encode()), SigningKey(previous.encode()) if previous is not None else None)
