"""What a worker does for one command: decide, stage, and say what became of it."""

from schemas.messages.administration import (
    ActivateAccounts,
    AlignAccounts,
    EraseAccounts,
    FlagAccount,
    ImportAccounts,
    ReleaseResources,
    RepairAccounts,
    RepeatState,
    ResolveConflict,
    SetAside,
    TakeBack,
)
from schemas.messages.commands import Command, CreateResource, DeleteResource, PatchResource, ReplaceResource
from schemas.messages.outcomes import Outcome
from workers.operations.create import create
from workers.operations.delete import delete
from workers.operations.erasing import erase_ripe
from workers.operations.lms import activate, align, flag, repeat, take_in
from workers.operations.release import release, repair, resolve, set_aside, take_back
from workers.operations.replace import patch, replace
from workers.workspace import Workspace


def operate(command: Command, workspace: Workspace) -> Outcome:  # noqa: C901, PLR0911, PLR0912 - one line a command
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
        case ReleaseResources():
            return release(command, workspace)
        case SetAside():
            return set_aside(command, workspace)
        case TakeBack():
            return take_back(command, workspace)
        case ResolveConflict():
            return resolve(command, workspace)
        case RepairAccounts():
            return repair(command, workspace)
        case ActivateAccounts():
            return activate(command, workspace)
        case AlignAccounts():
            return align(command, workspace)
        case EraseAccounts():
            return erase_ripe(command, workspace)
        case ImportAccounts():
            return take_in(command, workspace)
        case FlagAccount():
            return flag(command, workspace)
        case RepeatState():
            return repeat(command, workspace)
