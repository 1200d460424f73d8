"""Which sender is told which outcomes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from schemas.messages.outcomes import Outcome
from tenants.bus.port import Delivery

Sender = TypeVar("Sender")


def outcomes_by_sender(
    deliveries: Iterable[Delivery], outcomes: Iterable[Outcome], *, sender_of: Callable[[Delivery], Sender]
) -> Mapping[Sender, Sequence[Outcome]]:
    """Return each sender's outcomes, in the order of its commands; outcomes of other commands are left out."""
    by_command = {outcome.command: outcome for outcome in outcomes}
    by_sender: dict[Sender, list[Outcome]] = {}
    for delivery in deliveries:
        found = [by_command[command.id] for command in delivery.commands if command.id in by_command]
        if found:
            by_sender.setdefault(sender_of(delivery), []).extend(found)
    return by_sender
