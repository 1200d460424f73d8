"""Every wait has a limit."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from tenants.errors import PortUnavailableError

T = TypeVar("T")


async def in_time(answer: Awaitable[T], seconds: float) -> T:
    """Return a port's answer.

    Raises:
        PortUnavailableError: It did not come in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError as error:
        raise PortUnavailableError("no answer in time") from error
