"""Deciding a batch: commands and a snapshot in, changes and outcomes out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.ids import CommandId
from schemas.messages.commands import Command, ResourceCommand
from schemas.messages.outcomes import Abandoned, Outcome, Rejected
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.errors import ScimError
from tenants.directory.writer import Changes, Need, Snapshot
from workers.operations import operate
from workers.operations.records import audit
from workers.workspace import Moment, Workspace


@dataclass(frozen=True, slots=True)
class Decision:
    """What a batch comes to."""

    outcomes: tuple[Outcome, ...]
    """One for each command, in order."""
    changes: Changes | None
    """None: there is nothing to write."""


def decide(
    commands: Sequence[Command], snapshot: Snapshot, need: Need, *, catalog: Catalog, moment: Moment
) -> Decision:
    """Carry out the commands, in order, on what was loaded.

    Raises:
        MissingFactsError: More must be loaded first.
    """
    workspace = Workspace(snapshot, need, catalog=catalog, moment=moment)
    outcomes: dict[CommandId, Outcome] = dict(snapshot.receipts)
    decided: list[Outcome] = []
    for command in commands:
        if command.id in outcomes:
            continue
        if command.deadline <= moment.unix_seconds:
            outcomes[command.id] = Abandoned(command.id, "met after its deadline")
            continue
        outcomes[command.id] = _outcome(command, workspace)
        decided.append(outcomes[command.id])
    changes = workspace.changes(decided) if decided else None
    return Decision(tuple(outcomes[command.id] for command in commands), changes)


def _outcome(command: Command, workspace: Workspace) -> Outcome:
    before = workspace.mutations
    try:
        return operate(command, workspace)
    except ScimError as refusal:
        if workspace.mutations != before:
            raise RuntimeError("an operation staged changes before it refused") from refusal
        if isinstance(command, ResourceCommand):
            details = {"status": refusal.status, "scimType": refusal.scim_type, "reason": refusal.kept}
            workspace.note(audit(command, workspace.moment.at, outcome="rejected", details=details))
        return Rejected(command.id, refusal.status, refusal.detail, refusal.scim_type)
