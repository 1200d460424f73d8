"""Rounds: work that is looked for again and again, by any number of processes, each on its own time."""

import asyncio
from abc import ABC, abstractmethod


class Round(ABC):
    """One kind of such work."""

    async def run(self, *, every_seconds: float) -> None:
        """Go the round at once, since a process may not live long, and then every so often until cancelled."""
        while True:
            await self.go()
            await asyncio.sleep(every_seconds)

    @abstractmethod
    async def go(self) -> None:
        """Do what is due; what cannot be done now is due in the next round."""
