"""Notices: small facts broadcast to every process; losing one only delays what polling finds anyway."""

import msgspec

from schemas.ids import TenantId, TokenId, WorkerId


class TenantChanged(msgspec.Struct, frozen=True, tag="tenant_changed"):
    """A tenant was made, or its record changed."""

    tenant: TenantId


class TokenChanged(msgspec.Struct, frozen=True, tag="token_changed"):
    """A token was made or revoked."""

    tenant: TenantId
    token: TokenId


class WorkerReported(msgspec.Struct, frozen=True, tag="worker_reported"):
    """A worker's share of the work since its last report; workers hand lanes over by it."""

    worker: WorkerId
    busy_lanes: tuple[TenantId, ...]
    """Lanes that brought work since the last report."""
    executed: int
    """Commands carried out since the last report."""
    leaving: bool = False


class JobChanged(msgspec.Struct, frozen=True, tag="job_changed"):
    """A job of the tenant was started, stopped, or is to go on."""

    tenant: TenantId


Notice = TenantChanged | TokenChanged | WorkerReported | JobChanged
