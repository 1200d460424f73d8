"""What a batch of commands must know, told from the commands alone."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields

from schemas.ids import AccountId, CommandId, PlanId, ResourceId
from schemas.messages.administration import (
    ActivateAccounts,
    AdministrationCommand,
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
from schemas.scim.errors import ScimError
from schemas.scim.membership import AddMembers, MembershipEdit, RemoveMembers, split_membership
from schemas.scim.search import prepared_name
from tenants.directory.writer import Need

_UNIQUE = {"User": "userName", "Group": "displayName"}


class MissingFactsError(Exception):
    """Deciding met a question that the snapshot does not answer; load again with ``need``."""

    def __init__(self, need: Need) -> None:
        """Keep what is needed besides."""
        super().__init__("more must be loaded before the batch can be decided")
        self.need = need


def united(one: Need, other: Need) -> Need:
    """Return what both need."""
    return Need(**{field.name: getattr(one, field.name) | getattr(other, field.name) for field in fields(Need)})


def needs_of(commands: Iterable[Command]) -> Need:
    """Return what the commands will ask for in the common case; the rest is asked for by ``MissingFactsError``."""
    collected = _Collected()
    for command in commands:
        # What is wrong with a command is found out, and said, when it is carried out.
        with suppress(ScimError):
            collected.add(command)
    return collected.need()


class _Collected:
    """Sets that grow while the commands are read."""

    def __init__(self) -> None:
        self.resources: set[ResourceId] = set()
        self.names: set[tuple[str, str]] = set()
        self.logins: set[str] = set()
        self.external_ids: set[str] = set()
        self.memberships: set[tuple[ResourceId, ResourceId]] = set()
        self.all_members: set[ResourceId] = set()
        self.groups_of: set[ResourceId] = set()
        self.references: set[ResourceId] = set()
        self.tombstones: set[ResourceId] = set()
        self.accounts: set[AccountId] = set()
        self.receipts: set[CommandId] = set()
        self.planned: set[tuple[PlanId, ResourceId]] = set()

    def add(self, command: Command) -> None:
        match command:
            case CreateResource():
                self.create(command)
            case ReplaceResource():
                self.replace(command)
            case PatchResource():
                self.patch(command)
            case DeleteResource():
                self.resources.add(command.resource_id)
                self.groups_of.add(command.resource_id)
            case _:
                self.administration(command)

    def need(self) -> Need:
        return Need(
            resources=frozenset(self.resources),
            names=frozenset(self.names),
            logins=frozenset(self.logins),
            external_ids=frozenset(self.external_ids),
            memberships=frozenset(self.memberships),
            all_members=frozenset(self.all_members),
            groups_of=frozenset(self.groups_of),
            references=frozenset(self.references),
            tombstones=frozenset(self.tombstones),
            accounts=frozenset(self.accounts),
            receipts=frozenset(self.receipts),
            planned=frozenset(self.planned),
        )

    def administration(self, command: AdministrationCommand) -> None:
        # A step of a job may be sent again, on another message, when its outcome was lost.
        self.receipts.add(command.id)
        match command:
            case ReleaseResources(resources=resources, memberships=memberships, plan=plan):
                self._all_about(resources)
                self.planned.update((plan, id) for id in resources if plan is not None)
                self._all_of_memberships(memberships)
            case (
                SetAside(resources=resources, memberships=memberships)
                | TakeBack(resources=resources, memberships=memberships)
            ):
                self._all_about(resources)
                self._all_of_memberships(memberships)
            case RepairAccounts(resources=resources):
                self._all_about(resources)
            case RepeatState(resources=resources):
                self.resources.update(resources)
                self.groups_of.update(resources)
            case ResolveConflict(resource=resource, link=link):
                self._all_about((resource,))
                self.accounts.update((link,) if link is not None else ())
            case (
                ActivateAccounts(accounts=accounts)
                | AlignAccounts(accounts=accounts)
                | EraseAccounts(accounts=accounts)
            ):
                self.accounts.update(accounts)
            case FlagAccount(account=account):
                self.accounts.add(account)
            case ImportAccounts(accounts=given):
                self.accounts.update(AccountId(one.lms_id) for one in given)
                self.logins.update(prepared_name("User", one.login) for one in given)

    def _all_about(self, resources: Iterable[ResourceId]) -> None:
        ids = set(resources)
        self.resources |= ids
        self.tombstones |= ids

    def _all_of_memberships(self, memberships: Iterable[tuple[ResourceId, ResourceId]]) -> None:
        pairs = list(memberships)
        self.memberships.update(pairs)
        self.resources.update(group for group, _ in pairs)
        self.references.update(member for _, member in pairs)

    def create(self, command: CreateResource) -> None:
        self._name(command.resource_type, command.attributes.get(_UNIQUE[command.resource_type]))
        external_id = command.attributes.get("externalId")
        if command.resource_type == "User" and external_id:
            self.external_ids.add(external_id)
        self.references.update(ResourceId(member["value"]) for member in command.attributes.get("members", ()))

    def replace(self, command: ReplaceResource) -> None:
        self.resources.add(command.resource_id)
        self._name(command.resource_type, command.attributes.get(_UNIQUE[command.resource_type]))
        if command.resource_type == "Group":
            self.all_members.add(command.resource_id)
            self.references.update(ResourceId(member["value"]) for member in command.attributes.get("members", ()))

    def patch(self, command: PatchResource) -> None:
        self.resources.add(command.resource_id)
        for operation in command.operations:
            if (
                isinstance(operation.value, str)
                and operation.path
                and operation.path.endswith(_UNIQUE[command.resource_type])
            ):
                self._name(command.resource_type, operation.value)
            elif isinstance(operation.value, dict) and operation.path is None:
                self._name(command.resource_type, operation.value.get(_UNIQUE[command.resource_type]))
        if command.resource_type == "Group":
            for edit in split_membership(command.operations)[1]:
                self._edit(command.resource_id, edit)

    def _edit(self, group: ResourceId, edit: MembershipEdit) -> None:
        members = [ResourceId(member) for member in getattr(edit, "ids", ())]
        self.references.update(members)
        if isinstance(edit, AddMembers | RemoveMembers):
            self.memberships.update((group, member) for member in members)
        else:
            self.all_members.add(group)

    def _name(self, resource_type: str, name: object) -> None:
        if isinstance(name, str):
            prepared = prepared_name(resource_type, name)
            self.names.add((resource_type, prepared))
            if resource_type == "User":
                self.logins.add(prepared)
