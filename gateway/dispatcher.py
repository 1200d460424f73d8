"""The way of every SCIM request through the stages: plain calls in order, since each aiohttp middleware costs more."""

from aiohttp import web

from gateway.answers import RefusalAnswer, bare_answer
from gateway.middlewares.authentication import Authentication
from gateway.middlewares.errors import Errors
from gateway.middlewares.refused_writes import RefusedWrites, request_attempt
from gateway.middlewares.request_log import RequestLog
from gateway.middlewares.tenant import tenant_path
from gateway.scim.request import ScimRequest
from gateway.scim.urls import UrlMap
from gateway.visit import Visit


class Dispatcher:
    """Errors, request log, tenant, authentication; then the endpoint. Limits are met where a body is read."""

    def __init__(
        self,
        request_log: RequestLog,
        errors: Errors,
        authentication: Authentication,
        urls: UrlMap,
        *,
        refused_writes: RefusedWrites,
    ) -> None:
        """Pass requests through these."""
        self._request_log = request_log
        self._errors = errors
        self._authentication = authentication
        self._urls = urls
        self._refused_writes = refused_writes

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """Answer any request that nothing else in the application answers."""
        visit = self._request_log.arrived(http)
        answer = await self._errors.answered(self._pass(http, visit), visit)
        # Of every answer: `isinstance` would ask aiohttp's abstract bases, for several times as much.
        if type(answer) is RefusalAnswer and visit.principal:
            self._refused_writes.note(request_attempt(http.method, http.rel_url.raw_path, visit), answer, visit)
        self._request_log.answered(http, visit, answer)
        return answer

    async def _pass(self, http: web.Request, visit: Visit) -> web.Response:
        path = tenant_path(http.rel_url.raw_path)
        tenant, principal = await self._authentication.admit(http.headers.get("Authorization"), path.tenant, visit)
        route, name = self._urls.find(path.rest)
        visit.endpoint = route.name
        if http.method == "OPTIONS":
            return bare_answer(204, headers={"Allow": route.allow})
        return await route.endpoint(http.method)(ScimRequest(http, visit, tenant, principal, name))
