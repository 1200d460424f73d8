"""RabbitMQ as a private process of ours: own ports, own node name, own name server (epmd), own folder."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.services.installation import find_or_install_rabbitmq
from tests.support.services.local_service import LocalService, child_environment
from tests.support.services.scratch import LaunchedProcess, Scratch, scratch
from tests.support.services.waiting import free_port, speaks_amqp, wait_until

_START_TIMEOUT_SECONDS = 120.0

_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 64MB
log.console = false
log.file.level = warning
"""


class LocalBroker(LocalService):
    """A private RabbitMQ node, run by the user that runs the tests."""

    def __init__(self, server: Path, scratch: Scratch) -> None:
        super().__init__("RabbitMQ")
        self._server = server
        self._scratch = scratch
        self._folder = scratch.folder
        self._port = free_port()
        self._name_port = free_port()
        self._node = f"rollcall-{secrets.token_hex(4)}@localhost"
        self._configuration = self._folder / "rabbitmq.conf"
        self._configuration.write_text(_CONFIGURATION.format(port=self._port))
        self._launch_name_server()

    @property
    def url(self) -> str:
        """The AMQP URL."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    @property
    def how(self) -> str:
        """Say which program it is."""
        return f"a private process of {self._server}"

    def _launch(self) -> LaunchedProcess:
        return self._scratch.launch("rabbitmq", [str(self._server)], self._environment())

    def _await_ready(self, process: LaunchedProcess) -> None:
        def is_ready() -> bool:
            process.check_alive()
            return speaks_amqp("127.0.0.1", self._port)

        wait_until(is_ready, awaited="RabbitMQ to speak AMQP", timeout_seconds=_START_TIMEOUT_SECONDS)

    def _launch_name_server(self) -> None:
        # In the foreground: the one that Erlang starts by itself turns into a daemon and would outlive us.
        command = ["epmd", "-port", str(self._name_port), "-address", "127.0.0.1"]
        self._scratch.launch("epmd", command, self._environment())

    def _environment(self) -> dict[str, str]:
        return child_environment() | {
            "HOME": str(self._folder),
            "ERL_EPMD_PORT": str(self._name_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self._configuration),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "no-system-wide-environment"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled-plugins"),
            # The script then gives its place to the Erlang machine instead of waiting beside it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }


@contextmanager
def local_broker() -> Iterator[LocalBroker]:
    """Yield a started private RabbitMQ; nothing of it is left afterwards."""
    server = find_or_install_rabbitmq()
    with scratch("rollcall-rabbitmq-") as opened:
        broker = LocalBroker(server, opened)
        broker.start()
        yield broker
