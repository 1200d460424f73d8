"""The bare skeleton *S*."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.load.exchange import Target
from bench.subjects.subject import GATEWAY, WORKER, Stand, Subject, python, wait_for_line, wait_for_port
from tests.support.services.waiting import free_port

SKELETON = "S"


@contextmanager
def open_skeleton(stand: Stand, tenants: int) -> Iterator[Subject]:
    """Yield the skeleton, one gateway and one worker."""
    database = stand.new_name("skeleton")
    names = [f"{database}-{number}" for number in range(tenants)]
    mongodb_url, amqp_url = stand.services.mongodb_url, stand.services.amqp_url
    port = free_port()
    worker_command = python("-m", "bench.peers.skeleton.worker", mongodb_url, database, amqp_url, *names)
    gateway_command = python("-m", "bench.peers.skeleton.gateway", str(port), mongodb_url, database, amqp_url)
    with stand.running("skeleton-worker", worker_command) as worker:
        wait_for_line(worker, "ready")
        with stand.running("skeleton-gateway", gateway_command) as gateway:
            wait_for_port(gateway, port)
            yield Subject(
                SKELETON,
                [Target.at(f"http://127.0.0.1:{port}/{name}", "none") for name in names],
                {GATEWAY: [gateway.pid], WORKER: [worker.pid], **stand.service_roles()},
                has_external_ids=False,
                has_put=False,
                has_groups_and_pages=False,
            )
