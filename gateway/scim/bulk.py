"""The endpoint ``/Bulk`` (RFC 7644, 3.7)."""

from typing import Any

import orjson
from aiohttp import web

from gateway.answers import RefusalAnswer, scim_answer
from gateway.metrics import GatewayMetrics
from gateway.middlewares.errors import Errors
from gateway.middlewares.limits import BodyLimits
from gateway.middlewares.refused_writes import RefusedWrites
from gateway.refusals import PUT_OFF, BodyTooLargeError
from gateway.scim.bulk_commands import BulkCommands
from gateway.scim.bulk_run import BulkRun, Pace, Result
from gateway.scim.commands import Commands
from gateway.scim.payloads import json_object
from gateway.scim.presentation import tenant_url
from gateway.scim.request import ScimRequest
from gateway.scim.submission import Submission
from gateway.settings import GatewaySettings
from schemas.scim.bulk import BULK_RESPONSE, BulkOperation, BulkRequest, parse_bulk, plan
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.rendering import entity_tag


class BulkEndpoint:
    """``/Bulk``."""

    def __init__(
        self,
        commands: Commands,
        *,
        submission: Submission,
        errors: Errors,
        refused_writes: RefusedWrites,
        settings: GatewaySettings,
        metrics: GatewayMetrics,
    ) -> None:
        """Have commands made and submitted by these."""
        self._commands = commands
        self._metrics = metrics
        self._submission = submission
        self._errors = errors
        self._refused_writes = refused_writes
        self._settings = settings
        self._limits = BodyLimits(settings)

    async def carry_out(self, request: ScimRequest) -> web.Response:
        """Answer ``POST /Bulk``."""
        message = await self._message(request)
        run = BulkRun(
            request,
            message.operations,
            Pace(self._settings.bulk_at_once, message.fail_on_errors),
            commands=BulkCommands(request, self._commands, self._settings, self._metrics),
            submission=self._submission,
            errors=self._errors,
            refused_writes=self._refused_writes,
        )
        steps = plan(message.operations, request.catalog, in_order=message.fail_on_errors is not None)
        await run.carry_out(steps)
        results = [run.results.get(index) for index in range(len(message.operations))]
        if put_off := _put_off(results):
            return put_off
        return self._answer(request, message, results)

    async def _message(self, request: ScimRequest) -> BulkRequest:
        body = await self._limits.read(request.http)
        payload = json_object(body, nesting_limit=self._settings.nesting_limit)
        message = parse_bulk(payload, strict=request.is_strict)
        if len(message.operations) > self._settings.bulk_operations:
            # RFC 7644, 3.7.4.
            raise BodyTooLargeError(f"a request may have {self._settings.bulk_operations} operations at most")
        return message

    def _answer(self, request: ScimRequest, message: BulkRequest, results: list[Result | None]) -> web.Response:
        base, catalog = tenant_url(self._settings.public_url, request.tenant.id), request.catalog
        entries = [
            _entry(operation, result, base, catalog)
            for operation, result in zip(message.operations, results, strict=True)
            if result is not None
        ]
        return scim_answer(orjson.dumps({"schemas": [BULK_RESPONSE], "Operations": entries}))


def _entry(operation: BulkOperation, result: Result, base: str, catalog: Catalog) -> dict[str, Any]:
    entry: dict[str, Any] = {"method": operation.method} if operation.method else {}
    if operation.bulk_id is not None:
        entry["bulkId"] = operation.bulk_id
    if location := _location(operation, result, base, catalog):
        entry["location"] = location
    if result.version is not None and operation.method != "DELETE":
        entry["version"] = entity_tag(result.version)
    entry["status"] = str(result.answer.status)
    if result.id is None:
        entry["response"] = orjson.Fragment(result.refusal)
    return entry


def _location(operation: BulkOperation, result: Result, base: str, catalog: Catalog) -> str | None:
    """Return the URI of the resource; of one that cannot be told, what the client itself said."""
    type_ = catalog.by_endpoint(operation.endpoint)
    if result.id is not None and type_ is not None:
        return f"{base}{type_.endpoint}/{result.id}"
    if operation.method == "POST" or not operation.path:
        return None
    return f"{base}/{operation.path.removeprefix('/')}"


def _put_off(results: list[Result | None]) -> web.Response | None:
    """Return the answer that asks the client to come again, where that is all there is to say."""
    answers = [result.answer for result in results if result is not None]
    if not answers or any(answer.status not in PUT_OFF for answer in answers):
        return None
    if isinstance(answers[0], RefusalAnswer):
        # It was told of each operation.
        answers[0].refused = None
    return answers[0]
