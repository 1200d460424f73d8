"""Memberships, read from the edges: ``_id`` tenant/group/member, ``m`` tenant/member."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from schemas.ids import ResourceId, TenantId
from schemas.scim.errors import TooManyError
from schemas.scim.filters.nodes import EdgeQuestion, HasMember, HasMembers, InGroup, InGroups
from schemas.scim.membership import MAX_NESTING
from tenants.directory.mongo.walking import BATCH, MAX_TIME_MS
from tenants.directory.records import GroupOfMember, Member
from tenants.mongo import Database, Document
from tenants.mongo.keys import below, last_parts

MAX_FOUND = 120_000
"""Resources that a question about memberships may lead to: their keys become part of a query, which has 16 MB."""


def members(
    database: Database,
    tenant: TenantId,
    groups: Sequence[ResourceId],
    *,
    after: ResourceId | None = None,
    limit: int | None = None,
) -> Mapping[ResourceId, Sequence[Member]]:
    """Return the members of each group, as the port promises."""
    ranges = [{"_id": below(tenant, group, after=after or "")} for group in dict.fromkeys(groups)]
    which = ranges[0] if len(ranges) == 1 else {"$or": ranges}
    found: defaultdict[ResourceId, list[Member]] = defaultdict(list)
    # Keys end in ids of one length, so their order is that of groups and members.
    edges = database.edges.find({**which, "d": True}, {"k": 1}, sort={"_id": 1}, limit=limit or 0, batch_size=BATCH)
    for edge in edges:
        group, member = last_parts(edge["_id"])
        found[ResourceId(group)].append(Member(ResourceId(member), edge["k"]))
    return dict(found)


def groups_of(
    database: Database, tenant: TenantId, members: Sequence[ResourceId]
) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
    """Return the groups that each member is in, as the port promises."""
    direct = _direct_groups(database, tenant, members)
    outer = _outer_groups(database, tenant, {group for groups in direct.values() for group in groups})
    reached = {member: _reached(groups, outer) for member, groups in direct.items()}
    names = _display_names(database, tenant, {group for groups in reached.values() for group in groups})
    return {
        ResourceId(member): [
            GroupOfMember(ResourceId(group), names[group], group in direct[member])
            for group in sorted(groups)
            if group in names and group != member
        ]
        for member, groups in reached.items()
    }


def found_by_edges(database: Database, tenant: TenantId, question: EdgeQuestion) -> list[str]:
    """Return the keys of the resources for which the answer is yes.

    Raises:
        TooManyError: There are more than ``MAX_FOUND``.
    """
    found = _ids_found_by_edges(database, tenant, question)
    type_ = "Group" if isinstance(question, HasMember | HasMembers) else "User"
    keys = [f"{tenant}/{type_}/{id}" for id in found]
    if len(keys) > MAX_FOUND:
        raise TooManyError("the filter leads to too many resources by their memberships")
    return keys


def _ids_found_by_edges(database: Database, tenant: TenantId, question: EdgeQuestion) -> Iterable[str]:
    match question:
        case HasMember(member):
            return _direct_groups(database, tenant, [member]).get(member, ())
        case HasMembers():
            return _ends(database, tenant, end=1, condition={})
        case InGroup(group):
            return _within(database, tenant, group)
        case InGroups():
            return _ends(database, tenant, end=2, condition={"k": "User"})


def _direct_groups(database: Database, tenant: TenantId, members: Iterable[str]) -> dict[str, set[str]]:
    keys = [f"{tenant}/{member}" for member in members]
    edges = database.edges.find({"m": {"$in": keys}, "d": True}, {"_id": 1}, batch_size=BATCH)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        group, member = last_parts(edge["_id"])
        found[member].add(group)
    return dict(found)


def _outer_groups(database: Database, tenant: TenantId, groups: set[str]) -> Mapping[str, set[str]]:
    """Return, for each of the groups and all that are found on the way, the groups that it is in directly."""
    outer: dict[str, set[str]] = {}
    at_the_edge = groups
    for _ in range(MAX_NESTING - 1):
        if not at_the_edge:
            break
        found = _direct_groups(database, tenant, at_the_edge)
        outer |= {group: found.get(group, set()) for group in at_the_edge}
        at_the_edge = {group for groups in found.values() for group in groups} - outer.keys()
    return outer


def _reached(groups: set[str], outer: Mapping[str, set[str]]) -> set[str]:
    reached, at_the_edge = set(groups), groups
    for _ in range(MAX_NESTING - 1):
        at_the_edge = {further for group in at_the_edge for further in outer.get(group, ())} - reached
        if not at_the_edge:
            break
        reached |= at_the_edge
    return reached


def _display_names(database: Database, tenant: TenantId, groups: set[str]) -> dict[str, str]:
    keys = [f"{tenant}/Group/{group}" for group in groups]
    named = database.resources.find({"_id": {"$in": keys}}, {"d": 1}, batch_size=BATCH)
    return {last_parts(document["_id"])[1]: document["d"] for document in named}


def _within(database: Database, tenant: TenantId, group: str) -> Iterable[str]:
    """Return the members of the group and of the groups in it."""
    groups, at_the_edge = {group}, {group}
    found: set[str] = set()
    for _ in range(MAX_NESTING):
        if not at_the_edge or len(found) > MAX_FOUND:
            break
        inner = set()
        ranges = [{"_id": below(tenant, each)} for each in at_the_edge]
        for edge in database.edges.find({"$or": ranges, "d": True}, {"k": 1}, limit=MAX_FOUND + 1, batch_size=BATCH):
            member = last_parts(edge["_id"])[1]
            found.add(member)
            if edge["k"] == "Group":
                inner.add(member)
        at_the_edge = inner - groups
        groups |= at_the_edge
    return found


def _ends(database: Database, tenant: TenantId, *, end: int, condition: Document) -> Iterable[str]:
    """Go over all edges of the tenant, in the server, for one of their ends; hardly anybody asks for it."""
    id = {"$arrayElemAt": [{"$split": ["$_id", "/"]}, end]}
    stages: list[Document] = [
        {"$match": {"_id": below(tenant), "d": True, **condition}},
        {"$group": {"_id": id}},
        {"$limit": MAX_FOUND + 1},
    ]
    found = database.edges.aggregate(stages, maxTimeMS=MAX_TIME_MS, batchSize=BATCH)
    return [document["_id"] for document in found]
