"""What a worker does for one command: decide, stage, and say what became of it."""

from schemas.messages.commands import Command, CreateResource, DeleteResource, PatchResource, ReplaceResource
from schemas.messages.outcomes import Outcome
from workers.operations.create import create
from workers.operations.delete import delete
from workers.operations.replace import patch, replace
from workers.workspace import Workspace


def operate(command: Command, workspace: Workspace) -> Outcome:
    """Carry out the command in the workspace.

    Raises:
        ScimError: The command is refused; nothing was staged.
        MissingFactsError: More must be loaded first.
    """
    match command:
        case CreateResource():
            return create(command, workspace)
        case ReplaceResource():
            return replace(command, workspace)
        case PatchResource():
            return patch(command, workspace)
        case DeleteResource():
            return delete(command, workspace)
