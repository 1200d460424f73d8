"""What the gateway counts. No metric carries a tenant: hundreds of tenants would make thousands of series."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class GatewayMetrics:
    """The gateway's series in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the series."""
        self.registry = registry
        self._requests = Counter(
            "rollcall_requests", "Requests answered", ["method", "endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "rollcall_request_seconds",
            "Time from request to answer",
            ["method", "endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._dialect = Counter(
            "rollcall_dialect", "Requests brought to the RFC's form, by rewrite", ["rewrite"], registry=registry
        )
        self._refused_tokens = Counter(
            "rollcall_refused_tokens", "Requests refused for their credentials, by cause", ["cause"], registry=registry
        )
        self._batches = Histogram(
            "rollcall_batch_size",
            "Commands in a message, keys in a look-up",
            ["kind"],
            buckets=_SIZES,
            registry=registry,
        )
        self._request_series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        key = (method, endpoint, status)
        series = self._request_series.get(key)
        if series is None:
            series = self._requests.labels(method, endpoint, str(status)), self._seconds.labels(method, endpoint)
            self._request_series[key] = series
        series[0].inc()
        series[1].observe(seconds)

    def rewritten(self, rewrites: tuple[str, ...]) -> None:
        """Count the rewrites that a request needed."""
        for rewrite in rewrites:
            self._dialect.labels(rewrite).inc()

    def token_refused(self, cause: str) -> None:
        """Count a 401 or 403."""
        self._refused_tokens.labels(cause).inc()

    def grouped(self, kind: str, size: int) -> None:
        """Count a group of commands or keys that travelled together."""
        self._batches.labels(kind).observe(size)
