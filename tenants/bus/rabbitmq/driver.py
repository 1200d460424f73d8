"""What the driver does when the bus is lost, in our words."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import cast

from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq import Channel

from tenants.errors import PortUnavailableError

_ANSWER_SECONDS = 15.0
"""How long the broker may take to answer what is no more than a few frames."""
_GOODBYE_SECONDS = 2.0


@contextmanager
def driver_errors(meaning: type[PortUnavailableError] = PortUnavailableError) -> Iterator[None]:
    """Turn whatever the driver raises into one error of ours; nothing but calls of the driver belongs inside."""
    try:
        yield
    except PortUnavailableError:
        raise
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        # Nobody cancelled this task: with a connection, aiormq cancels the calls that wait for its answers.
        raise meaning("The connection to RabbitMQ was lost") from error
    except Exception as error:
        if _is_cancelled():
            # The driver has made something else of it, and whoever waits for this task's end would wait for ever.
            raise asyncio.CancelledError from error
        # aiormq ends the calls that wait with anything, a bare Exception included.
        raise meaning(f"RabbitMQ: {error!r}") from error


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


@asynccontextmanager
async def open_channel(connection: AbstractConnection, *, confirms: bool = False) -> AsyncIterator[AbstractChannel]:
    """Yield a new channel; with ``confirms`` the broker confirms what is published there.

    Raises:
        PortUnavailableError: No channel can be had.
    """
    with driver_errors():
        async with answer_in_time():
            _check_room(connection)
            channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            await channel.initialize()
    try:
        yield channel
    finally:
        await _close(channel)


def _check_room(connection: AbstractConnection) -> None:
    # Asking for one more than it allows makes the broker end the whole connection.
    if connection.transport is not None:
        below = connection.transport.connection
        most = below.connection_tune.channel_max
        if most and len(below.channels) >= most:
            raise PortUnavailableError(f"RabbitMQ allows no more than {most} channels (channel_max) on a connection")


async def channel_below(channel: AbstractChannel) -> Channel:
    """Return aiormq's channel, on which aio-pika's stands: it takes less CPU for a message."""
    return cast("Channel", await channel.get_underlay_channel())


def answer_in_time() -> asyncio.Timeout:
    """Return the limit for one small request to the broker."""
    return asyncio.timeout(_ANSWER_SECONDS)


async def _close(channel: AbstractChannel) -> None:
    with suppress(PortUnavailableError), driver_errors():
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await channel.close()


async def close_connection(connection: AbstractConnection) -> None:
    """Close a connection, whatever its state, within seconds."""
    with suppress(PortUnavailableError), driver_errors():
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await connection.close()
