"""The outermost stage: whatever goes wrong inside is answered as a SCIM error."""

from collections.abc import Awaitable, Mapping

import structlog
from aiohttp import web
from aiohttp.http_exceptions import PayloadEncodingError

from gateway.answers import RefusalAnswer, Refused, error_answer, refusal
from gateway.refusals import RejectedError
from gateway.settings import GatewaySettings
from gateway.visit import Visit
from schemas.scim.errors import ScimError
from tenants.errors import PortUnavailableError

log = structlog.get_logger()


class Errors:
    """Turns exceptions into answers."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Ask clients to come again as the settings say."""
        self._retry_after = {"Retry-After": str(settings.retry_after_seconds)}

    async def answered(self, answer: Awaitable[web.Response], visit: Visit) -> web.Response:
        """Return the answer, or the one that says why there is none."""
        try:
            return await answer
        except ScimError as error:
            return _refusal(error)
        except RejectedError as error:
            # The audit log knows it from the worker.
            rejected = error.rejected
            return error_answer(rejected.status, rejected.detail, scim_type=rejected.scim_type)
        except PortUnavailableError as error:
            log.warning("Request was put off", request_id=visit.request_id, tenant=visit.tenant, reason=str(error))
            put_off = Refused(503, "the service cannot do this now; try again later")
            return refusal(put_off, headers=self._retry_after)
        except web.HTTPException as error:
            return _from_aiohttp(error)
        except (ConnectionError, PayloadEncodingError, web.RequestPayloadError):
            broken = refusal(Refused(400, "the body ended before it was complete", "invalidSyntax"))
            # What follows on this connection cannot be told from the rest of the body.
            broken.force_close()
            return broken
        except Exception:
            log.exception("Request failed", request_id=visit.request_id, tenant=visit.tenant, endpoint=visit.endpoint)
            failed = "this failed on the server's side; its log tells more"
            return refusal(Refused(500, failed), detail=f"{failed} under {visit.request_id}")


def _refusal(error: ScimError) -> RefusalAnswer:
    headers: Mapping[str, str] | None = getattr(error, "headers", None)
    return refusal(Refused(error.status, error.kept, error.scim_type), detail=error.detail, headers=headers)


def _from_aiohttp(error: web.HTTPException) -> RefusalAnswer:
    kept = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After", "Location"}}
    return refusal(Refused(error.status, error.reason.lower()), headers=kept)
