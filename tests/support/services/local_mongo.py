"""MongoDB as a private process of ours: a replica set of one, for transactions and majority writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.services.installation import find_or_install_mongod
from tests.support.services.local_service import LocalService, child_environment
from tests.support.services.replica_set import REPLICA_SET, initiate_replica_set
from tests.support.services.scratch import LaunchedProcess, Scratch, scratch
from tests.support.services.waiting import free_port


class LocalMongo(LocalService):
    """A private mongod that is the only member of its replica set."""

    def __init__(self, program: Path, scratch: Scratch) -> None:
        super().__init__("MongoDB")
        self._program = program
        self._scratch = scratch
        self._address = f"127.0.0.1:{free_port()}"
        self._data = scratch.folder / "db"
        self._data.mkdir()

    @property
    def url(self) -> str:
        """The MongoDB URL."""
        return f"mongodb://{self._address}/?replicaSet={REPLICA_SET}"

    @property
    def how(self) -> str:
        """Say which program it is."""
        return f"a private process of {self._program}"

    def _launch(self) -> LaunchedProcess:
        return self._scratch.launch("mongod", self._command(), child_environment())

    def _await_ready(self, process: LaunchedProcess) -> None:
        initiate_replica_set(self._address, member=self._address, check_alive=process.check_alive)

    def _command(self) -> list[str]:
        host, port = self._address.split(":")
        return [
            str(self._program),
            *("--replSet", REPLICA_SET),
            *("--bind_ip", host),
            *("--port", port),
            *("--dbpath", str(self._data)),
            *("--wiredTigerCacheSizeGB", "0.5"),
            *("--oplogSize", "256"),
            "--nounixsocket",
            "--quiet",
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # A replica set of one has nobody to hand over to; without this a stop waits 15 s for that.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ]


@contextmanager
def local_mongo() -> Iterator[LocalMongo]:
    """Yield a started private MongoDB; nothing of it is left afterwards."""
    program = find_or_install_mongod()
    with scratch("rollcall-mongodb-") as opened:
        mongo = LocalMongo(program, opened)
        mongo.start()
        yield mongo
