"""The gateway as one application: its parts, and its whole URL map."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway.background import Background
from gateway.dispatcher import Dispatcher
from gateway.health import Health
from gateway.lookups import Lookups
from gateway.metrics import GatewayMetrics
from gateway.middlewares.authentication import Authentication
from gateway.middlewares.errors import Errors
from gateway.middlewares.limits import expectation
from gateway.middlewares.refused_tokens import RefusedToken
from gateway.middlewares.refused_writes import RefusedWrite, RefusedWrites
from gateway.middlewares.request_log import RequestLog
from gateway.middlewares.token_uses import TokenUses
from gateway.refusal_tallies import RefusalTallies
from gateway.registry_memory import RegistryMemory
from gateway.scim import unsupported
from gateway.scim.bulk import BulkEndpoint
from gateway.scim.commands import Commands
from gateway.scim.discovery import DiscoveryEndpoints
from gateway.scim.pages_of_all import PagesOfAll
from gateway.scim.presentation import Presenter
from gateway.scim.relations import relation_of
from gateway.scim.resources import ResourceEndpoints
from gateway.scim.root import RootEndpoints
from gateway.scim.submission import Submission
from gateway.scim.urls import UrlMap
from gateway.scim.walks import Walks
from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from schemas.scim.definitions.catalog import core_catalog
from tenants.ports import GatewayPorts

_LAST_WORDS_SECONDS = 5.0
log = structlog.get_logger()


def create_app(
    ports: GatewayPorts,
    settings: GatewaySettings,
    *,
    surroundings: Surroundings | None = None,
    series: CollectorRegistry | None = None,
) -> web.Application:
    """Return a gateway over opened ports; they are closed by whoever opened them, after the application's clean-up."""
    gateway = Gateway(ports, settings, surroundings or Surroundings(), GatewayMetrics(series or CollectorRegistry()))
    app = web.Application(client_max_size=settings.body_limit)
    app.cleanup_ctx.append(gateway.running)
    app.router.add_get("/health/live", gateway.health.live)
    app.router.add_get("/health/ready", gateway.health.ready)
    app.router.add_get("/metrics", gateway.health.metrics)
    # Everything else goes through the dispatcher's stages, and what is nowhere on the map is refused there as well.
    app.router.add_route("*", r"/{path:[\s\S]*}", gateway.dispatcher.answer, expect_handler=expectation)
    return app


class Gateway:
    """The parts of one gateway, and the order in which they start and stop."""

    def __init__(
        self, ports: GatewayPorts, settings: GatewaySettings, surroundings: Surroundings, metrics: GatewayMetrics
    ) -> None:
        """Put the parts together."""
        self._ports = ports
        self._settings = settings
        self._surroundings = surroundings
        self._metrics = metrics
        self._background = Background()
        self._memory = RegistryMemory(ports.registry, settings, surroundings.monotonic)
        # Apart from each other: who guesses tokens leaves room for what is told of writes.
        self._refused_tokens = RefusalTallies[RefusedToken](ports.audit, settings, surroundings)
        self._write_refusals = RefusalTallies[RefusedWrite](ports.audit, settings, surroundings)
        self._refused_writes = RefusedWrites(self._write_refusals)
        self._uses = TokenUses(ports.registry)
        self._lookups = Lookups(ports.read_cache, ports.directory, settings, metrics)
        self._submission = Submission(ports.sender, settings, metrics, surroundings.now)
        self._errors = Errors(settings)
        self.health = Health(ports.registry, self._background, metrics.registry, settings)
        self.dispatcher = Dispatcher(
            RequestLog(settings, metrics, surroundings),
            self._errors,
            Authentication(
                self._memory, self._refused_tokens, self._uses, settings, metrics=metrics, surroundings=surroundings
            ),
            self._url_map(),
            refused_writes=self._refused_writes,
        )

    def _url_map(self) -> UrlMap:
        """Return all places below ``/scim/v2/{tenant}``."""
        catalog = core_catalog()
        discovery = DiscoveryEndpoints(self._settings)
        urls = UrlMap()
        presenters: dict[str, Presenter] = {}
        for type_ in catalog.resource_types:
            relation = relation_of(type_, self._lookups, self._ports.directory, catalog, self._settings)
            presenters[type_.name] = Presenter(type_, relation, self._settings)
            of_type = ResourceEndpoints(
                type_,
                relation,
                lookups=self._lookups,
                directory=self._ports.directory,
                submission=self._submission,
                settings=self._settings,
                metrics=self._metrics,
                surroundings=self._surroundings,
            )
            urls.add(type_.endpoint, GET=of_type.list, POST=of_type.create)
            urls.add(
                f"{type_.endpoint}/{{id}}",
                GET=of_type.read,
                PUT=of_type.replace,
                PATCH=of_type.patch,
                DELETE=of_type.delete,
            )
            urls.add(f"{type_.endpoint}/.search", POST=of_type.search)
        root = self._root(presenters)
        urls.add("/", GET=root.list)
        urls.add("/.search", POST=root.search)
        urls.add("/Bulk", POST=self._bulk().carry_out)
        me = unsupported.me
        urls.add("/Me", GET=me, POST=me, PUT=me, PATCH=me, DELETE=me)
        urls.add("/ServiceProviderConfig", GET=discovery.service_provider_config)
        urls.add("/Schemas", GET=discovery.schemas)
        urls.add("/Schemas/{id}", GET=discovery.schema)
        urls.add("/ResourceTypes", GET=discovery.resource_types)
        urls.add("/ResourceTypes/{id}", GET=discovery.resource_type)
        return urls

    def _root(self, presenters: Mapping[str, Presenter]) -> RootEndpoints:
        walks = Walks(self._settings, self._surroundings.now)
        pages = PagesOfAll(self._ports.directory, walks, self._settings)
        return RootEndpoints(pages, presenters, self._settings)

    def _bulk(self) -> BulkEndpoint:
        return BulkEndpoint(
            Commands(self._submission, self._surroundings),
            submission=self._submission,
            errors=self._errors,
            refused_writes=self._refused_writes,
            settings=self._settings,
            metrics=self._metrics,
        )

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Work beside the requests, from before the first one until after the last one."""
        self._background.start("outcomes", self._submission.receive())
        self._background.start("notices", self._memory.follow(self._ports.notices))
        self._background.start_rounds(
            "refused tokens", self._refused_tokens.tell_due, every_seconds=self._settings.refusal_look_seconds
        )
        self._background.start_rounds(
            "refused writes", self._write_refusals.tell_due, every_seconds=self._settings.refusal_look_seconds
        )
        self._background.start_rounds(
            "token uses", self._uses.record_now, every_seconds=self._settings.token_use_seconds
        )
        yield
        await self._background.stop()
        await self._say_last_words()
        for part in (self._submission, self._lookups, self._memory):
            await part.close()

    async def _say_last_words(self) -> None:
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._uses.record_now()
                await self._refused_tokens.tell_due(all_of_them=True)
                await self._write_refusals.tell_due(all_of_them=True)
        except TimeoutError:
            log.warning("Last uses of tokens, and refusals, were not recorded")
