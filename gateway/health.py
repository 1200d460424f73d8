"""Whether the process lives, whether it can serve, and what it counted."""

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.background import Background
from gateway.patience import in_time
from gateway.settings import GatewaySettings
from schemas.ids import TenantId
from tenants.errors import PortUnavailableError
from tenants.registry.port import Registry

_SOMEBODY = TenantId("ready")


class Health:
    """``/health/live``, ``/health/ready`` and ``/metrics``, for operators; to be kept from the public."""

    def __init__(
        self, registry: Registry, background: Background, metrics: CollectorRegistry, settings: GatewaySettings
    ) -> None:
        """Ask these."""
        self._registry = registry
        self._background = background
        self._metrics = metrics
        self._timeout_seconds = settings.ready_timeout_seconds

    async def live(self, _: web.Request) -> web.Response:
        """Answer that the process answers."""
        return _answer("live")

    async def ready(self, _: web.Request) -> web.Response:
        """Answer whether requests sent here can be served."""
        if not self._background.is_whole:
            return _answer("background work ended", status=503)
        try:
            await in_time(self._registry.tenant(_SOMEBODY), self._timeout_seconds)
        except PortUnavailableError:
            return _answer("the registry cannot be reached", status=503)
        return _answer("ready")

    async def metrics(self, _: web.Request) -> web.Response:
        """Answer with all series, in Prometheus' text format."""
        return web.Response(body=generate_latest(self._metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(state: str, *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps({"status": state}),
        status=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
    )
