"""Who asks for a command to be carried out."""

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Who sent the request that a command stands for; goes to the audit log."""

    principal: str
    """``token:<jti>`` for a provisioning client, ``operator:<name>`` for the command line."""
    name: str
    """The token's name as the administrator gave it."""
    address: str
    agent: str
    request_id: str
