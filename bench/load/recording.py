"""What happened to the exchanges of one run."""

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from bench.load.connection import Connection, ConnectionLostError
from bench.load.exchange import Exchange
from bench.load.response import MalformedResponseError, Response
from bench.load.statistics import Summary, summarise

_TROUBLE = (OSError, ConnectionLostError, MalformedResponseError, TimeoutError)
_BODY_SHOWN = 200


class Recording:
    """Latencies, errors and kept bodies of one run."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """How long the run took."""
        self.bodies: list[bytes] = []
        self.errors: Counter[str] = Counter()
        self.first_error = ""
        self.latencies: defaultdict[str, list[float]] = defaultdict(list)
        """Seconds, by the kind of exchange."""

    @classmethod
    def of_all(cls, recordings: Sequence["Recording"]) -> "Recording":
        """Return runs that went on side by side as one."""
        whole = cls()
        whole.seconds = max(recording.seconds for recording in recordings)
        for recording in recordings:
            whole.bodies += recording.bodies
            whole.errors += recording.errors
            whole.first_error = whole.first_error or recording.first_error
            for name, latencies in recording.latencies.items():
                whole.latencies[name] += latencies
        return whole

    @property
    def requests(self) -> int:
        """The number of exchanges that went as expected."""
        return sum(len(latencies) for latencies in self.latencies.values())

    @property
    def names(self) -> list[str]:
        """The kinds of exchanges."""
        return list(self.latencies)

    def summary(self, name: str | None = None) -> Summary:
        """Return the summary of one kind of exchange, or of all."""
        if name is not None:
            return summarise(self.latencies.get(name, []))
        return summarise(list(itertools.chain.from_iterable(self.latencies.values())))

    async def perform(self, connection: Connection, exchange: Exchange, *, since: float) -> bool:
        """Make the exchange, record it with its latency since a moment, and say whether it went as expected."""
        try:
            response = await connection.ask(exchange.request)
        except _TROUBLE as error:
            self._note_error(f"{exchange.name}: {type(error).__name__}", str(error))
            return False
        return self._note_answer(exchange, response, time.perf_counter() - since)

    def _note_answer(self, exchange: Exchange, response: Response, latency_seconds: float) -> bool:
        complaint = exchange.complaint_about(response)
        if complaint:
            self._note_error(complaint, response.body[:_BODY_SHOWN].decode(errors="replace"))
            return False
        self.latencies[exchange.name].append(latency_seconds)
        if exchange.keeps_body:
            self.bodies.append(response.body)
        return True

    def _note_error(self, kind: str, detail: str) -> None:
        self.errors[kind] += 1
        self.first_error = self.first_error or f"{kind}: {detail}"


async def open_connections(host: str, port: int, count: int) -> list[Connection]:
    """Return so many open connections.

    Raises:
        OSError: the server does not accept.
    """
    connections = [Connection(host, port) for _ in range(count)]
    await asyncio.gather(*(connection.open() for connection in connections))
    return connections
