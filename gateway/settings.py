"""What an operator can tune about the gateway."""

from dataclasses import dataclass

from tenants.credentials.signing import SigningKeys


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One gateway's settings; a tenant's own choices are in its record."""

    public_url: str
    """Where clients reach the service, like ``https://scim.example.org``; Tenant URLs begin with it."""
    signing_keys: SigningKeys
    """What SCIM tokens are signed with."""
    deadline_seconds: float = 15.0
    """How long a write may take; afterwards the client is asked to come again and no worker applies it any more."""
    grace_seconds: float = 1.0
    """How long after the deadline an outcome is still waited for."""
    retry_after_seconds: int = 5
    """When clients are asked to come again after a 429 or 503."""
    batch_limit: int = 64
    """Commands of one tenant in one message at most."""
    batch_enough: int = 32
    """Commands of one tenant with which, as with a full message, the end of a burst is not waited for: the next are
    gathered while a worker carries them out."""
    batch_bytes: int = 4 * 1024 * 1024
    """Request bodies in one message at most, unless one alone is larger."""
    backlog_limit: int = 2000
    """Writes of one tenant that may wait in this gateway; more are refused with 429."""
    find_limit: int = 256
    """Keys in one look-up of the store at most."""
    members_at_once: int = 5_000
    """Members of Groups read at a time; answers with more of them are sent piece by piece."""
    finds_in_flight: int = 1
    """Look-ups of resources by their keys under way at a time: those that come meanwhile go together in the next."""
    relations_in_flight: int = 2
    """Readings of members, and of groups, under way at a time; some take longer than others."""
    read_timeout_seconds: float = 10.0
    """How long a read of the store may take."""
    body_limit: int = 1024 * 1024
    """Bytes of a request body at most, also after decompression."""
    body_timeout_seconds: float = 30.0
    """How long a client may take to send its body."""
    bulk_operations: int = 1000
    """Operations in a bulk request at most."""
    bulk_at_once: int = 256
    """Operations of one bulk request in the tenant's lane at a time; the others leave room there."""
    nesting_limit: int = 64
    """Levels of nesting in a request body at most."""
    default_count: int = 100
    """Resources in a page when the client does not say."""
    max_count: int = 1000
    """Resources in a page at most."""
    cursor_seconds: int = 600
    """How long a client may wait with asking for the next page of a walk by cursors."""
    memory_seconds: float = 2.0
    """How long tenant records and token states are remembered without asking the registry."""
    memory_size: int = 10_000
    """Tenant records, token states and verified tokens remembered at most, of each."""
    token_use_seconds: float = 5.0
    """How often the last uses of tokens are recorded."""
    refusal_seconds: float = 60.0
    """Refusals of one kind from one address are told to the audit log once in this time, with their number."""
    refusal_look_seconds: float = 1.0
    """How often it is looked for refusals that are to be told."""
    trusted_proxies: int = 0
    """How many proxies in front add to ``X-Forwarded-For``; 0: the peer's own address counts."""
    ready_timeout_seconds: float = 2.0
    """How long the registry may take to answer before this gateway calls itself not ready."""
