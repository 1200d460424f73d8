"""The services that the other tests stand on."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pymongo import MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tests.support.services import ExternalService, Service, ServiceUnavailableError, start_service
from tests.support.services.finding import without_password
from tests.support.services.waiting import wait_until


def test_mongodb_commits_transactions_with_majority_and_journal(mongodb_url: str) -> None:
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        durably = client["services"].get_collection("t", write_concern=WriteConcern("majority", j=True))
        with client.start_session() as session, session.start_transaction(ReadConcern("snapshot")):
            durably.insert_one({"_id": "kept"}, session=session)
        with client.start_session() as session:
            session.start_transaction()
            durably.insert_one({"_id": "undone"}, session=session)
            session.abort_transaction()
        assert [found["_id"] for found in durably.find()] == ["kept"]
        client.drop_database("services")


async def test_rabbitmq_carries_a_message_through_a_quorum_queue(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue("services.quorum", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"roll"), routing_key=queue.name)
        message = await queue.get(timeout=30)
        await queue.delete(if_unused=False, if_empty=False)
    assert message.body == b"roll"


async def test_a_stopped_and_started_broker_keeps_its_url_and_its_durable_messages(broker: Service) -> None:
    url = broker.url
    persistent = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_queue("services.durable", durable=True)
        await channel.default_exchange.publish(persistent, routing_key="services.durable")

    broker.stop()
    broker.start()

    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.get_queue("services.durable")
        message = await queue.get(timeout=30)
        await queue.delete(if_unused=False, if_empty=False)
    assert message.body == b"kept"


async def test_a_killed_and_started_broker_serves_again_at_its_url(broker: Service) -> None:
    url = broker.url

    broker.kill()
    with pytest.raises(ConnectionError):
        await aio_pika.connect(url)
    broker.start()

    # Not that its queues are still there: RabbitMQ writes a new durable queue down a moment after it says so.
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_queue("services.transient", exclusive=True)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restarted_mongodb_keeps_its_url_and_its_data(mongo: Service, end: str) -> None:
    with MongoClient[dict[str, Any]](mongo.url) as client:
        client["services"]["t"].with_options(write_concern=WriteConcern("majority", j=True)).insert_one({"_id": end})

    getattr(mongo, end)()
    mongo.start()

    with MongoClient[dict[str, Any]](mongo.url) as client:
        assert client["services"]["t"].find_one() == {"_id": end}
        client.drop_database("services")


def test_a_service_that_died_is_running_again_after_ensure_running(mongo: Service) -> None:
    if mongo.pids:
        pid = mongo.pids[0]
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    else:
        mongo.kill()
    mongo.ensure_running()
    with MongoClient[dict[str, Any]](mongo.url) as client:
        assert client.admin.command("hello")["isWritablePrimary"] is True


_OWNER = """
import signal
import time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it otherwise
from tests.support.services.local_mongo import local_mongo
with local_mongo() as mongo:
    print(mongo.pids[0], mongo._scratch.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_of_a_private_service_outlives_its_owner(sent: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        owner.send_signal(sent)
        owner.wait()
    wait_until(
        lambda: not _runs(int(pid)) and not Path(folder).exists(),
        awaited="the orphaned service and its folder to be gone",
        timeout_seconds=60,
    )


def _runs(pid: int) -> bool:
    try:
        # A zombie that nobody has collected yet has ended all the same.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_service_named_by_the_environment_is_used_and_is_not_ours_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_TEST_AMQP_URL", "amqp://someone:secret@broker.example/")
    said: list[str] = []
    with start_service("RabbitMQ", say=said.append) as service:
        assert service.url == "amqp://someone:secret@broker.example/"
        with pytest.raises(ServiceUnavailableError):
            service.stop()
    assert said == [
        "RabbitMQ: the one that ROLLCALL_TEST_AMQP_URL names, at amqp://someone:***@broker.example/",
    ]


def test_a_password_is_hidden_wherever_a_url_is_told() -> None:
    assert without_password("mongodb://u:pass@h1:1,h2:2/?x=y") == "mongodb://u:***@h1:1,h2:2/?x=y"


def test_an_external_service_is_left_as_it_is_after_a_fault_test() -> None:
    service = ExternalService("amqp://broker.example/", "someone's")
    service.ensure_running()
    assert service.is_restartable is False
