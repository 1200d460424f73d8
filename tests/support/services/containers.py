"""RabbitMQ and MongoDB in Docker containers, through testcontainers."""

import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
from docker.errors import DockerException, ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from tests.support.services.replica_set import REPLICA_SET, initiate_replica_set
from tests.support.services.service import ServiceUnavailableError
from tests.support.services.waiting import free_port, speaks_amqp, wait_until

RABBITMQ_IMAGE = "rabbitmq:3.13-alpine"
MONGODB_IMAGE = "mongo:7.0"

_AMQP_PORT = 5672
_MONGODB_PORT = 27017
_DAEMON_TIMEOUT_SECONDS = 5
_START_TIMEOUT_SECONDS = 120.0
_STOP_TIMEOUT_SECONDS = 30


class ContainerService:
    """A service in a container, at a port that stays its own over restarts."""

    is_restartable = True
    pids: tuple[int, ...] = ()

    def __init__(self, container: DockerContainer, url: str, wait: Callable[[], None]) -> None:
        self.url = url
        self.how = f"a Docker container of {container.image}"
        self._container = container
        self._wait = wait

    def start(self) -> None:
        """Start the container again and wait for its service."""
        self._container.get_wrapped_container().start()
        self._wait()

    def stop(self) -> None:
        """Stop the container in good order."""
        self._container.get_wrapped_container().stop(timeout=_STOP_TIMEOUT_SECONDS)

    def kill(self) -> None:
        """Kill the container's processes."""
        self._container.get_wrapped_container().kill()

    def ensure_running(self) -> None:
        """Start the container when it does not run."""
        container = self._container.get_wrapped_container()
        container.reload()
        if container.status != "running":
            self.start()


def obstacle_to_containers(image: str) -> str:
    """Return why no container of the image can be had; nothing when it can. Pulls the image when it is not there."""
    if not _daemon_answers():
        return "no Docker daemon answers"
    wanted = [testcontainers_config.hub_image_name_prefix + image]
    if not testcontainers_config.ryuk_disabled:
        # The container that removes the others when we die.
        wanted.append(testcontainers_config.hub_image_name_prefix + testcontainers_config.ryuk_image)
    return next(filter(None, map(_obstacle_to_image, wanted)), "")


def _obstacle_to_image(image: str) -> str:
    try:
        with contextlib.closing(docker.from_env()) as client:
            _ensure_image(client, image)
    except DockerException as error:
        return f"Docker answers, but the image {image} cannot be had ({error})"
    return ""


def _ensure_image(client: docker.DockerClient, image: str) -> None:
    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)


def _daemon_answers() -> bool:
    # The library leaves its socket open when nobody answers; the collector closes it here, where that may be ignored.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        answers = _ping()
        gc.collect()
    return answers


def _ping() -> bool:
    try:
        with contextlib.closing(docker.from_env(timeout=_DAEMON_TIMEOUT_SECONDS)) as client:
            return bool(client.ping())
    except DockerException:
        return False


@contextmanager
def broker_container() -> Iterator[ContainerService]:
    """Yield RabbitMQ in a container, which is removed afterwards."""
    with _running(RABBITMQ_IMAGE, _AMQP_PORT) as (container, host, port):

        def wait() -> None:
            wait_until(
                lambda: speaks_amqp(host, port),
                awaited="RabbitMQ to speak AMQP",
                timeout_seconds=_START_TIMEOUT_SECONDS,
            )

        wait()
        yield ContainerService(container, f"amqp://guest:guest@{host}:{port}/", wait)


@contextmanager
def mongo_container() -> Iterator[ContainerService]:
    """Yield MongoDB as a replica set of one in a container, which is removed afterwards."""
    command = f"--replSet {REPLICA_SET} --bind_ip_all --wiredTigerCacheSizeGB 0.5"
    with _running(MONGODB_IMAGE, _MONGODB_PORT, command) as (container, host, port):

        def wait() -> None:
            member = f"127.0.0.1:{_MONGODB_PORT}"
            initiate_replica_set(f"{host}:{port}", member=member, check_alive=lambda: None)

        wait()
        # Direct: the member's own address means nothing outside the container.
        yield ContainerService(container, f"mongodb://{host}:{port}/?directConnection=true", wait)


@contextmanager
def _running(image: str, inner_port: int, command: str | None = None) -> Iterator[tuple[DockerContainer, str, int]]:
    container = DockerContainer(image, command=command).with_bind_ports(inner_port, free_port())
    try:
        container.start()
        yield container, container.get_container_host_ip(), container.get_exposed_port(inner_port)
    except DockerException as error:
        raise ServiceUnavailableError(f"The container of {image} failed: {error}") from error
    finally:
        container.stop()
