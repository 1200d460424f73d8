"""The order of a message's operations: each after what it refers to, and no other result than in the order as sent.

Two new resources may refer to each other (RFC 7644, 3.7.1). One of them is then made without those references, and gets
the rest when the other is there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from schemas.scim.bulk.message import BulkOperation
from schemas.scim.bulk.references import PREFIX, references
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.definitions.model import ResourceType
from schemas.scim.membership import concerns_members
from schemas.scim.search import prepared_name


class Part(Enum):
    """How much of an operation a step carries out."""

    WHOLE = "whole"
    FIRST = "first"
    """Make the resource without the postponed references."""
    REST = "rest"
    """Add what was postponed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command's worth of an operation."""

    operation: int
    """Its place in the message."""
    part: Part = Part.WHOLE
    after: frozenset[tuple[int, Part]] = frozenset()
    """Steps (by operation and part) whose ends must be known before this one begins."""
    postponed: frozenset[str] = frozenset()
    """The bulkIds that are left for later, or made up for."""


def plan(operations: Sequence[BulkOperation], catalog: Catalog, *, in_order: bool) -> tuple[Step, ...]:
    """Return the steps in the order in which they are to begin.

    Args:
        operations: As sent.
        catalog: The tenant's resource types.
        in_order: Keep to the order as sent wherever references let it be kept. Otherwise steps that wait for nothing
            go before those that wait, where that cannot make a difference to the results.
    """
    steps = _in_reference_order(_referred(operations))
    if in_order:
        return tuple(steps)
    waves = _waves(steps, operations, catalog)
    return tuple(step for _, step in sorted(zip(waves, steps, strict=True), key=lambda pair: pair[0]))


_NOTHING = ("nothing",)
_Referred = list[dict[int, str]]
"""For each operation, the operations that it refers to, with their bulkIds."""


def _referred(operations: Sequence[BulkOperation]) -> _Referred:
    made = {
        operation.bulk_id: index
        for index, operation in reversed(list(enumerate(operations)))
        if operation.method == "POST" and operation.bulk_id
    }
    return [
        {made[bulk_id]: bulk_id for bulk_id in sorted(_named_by(operation)) if bulk_id in made}
        for operation in operations
    ]


def _named_by(operation: BulkOperation) -> set[str]:
    if operation.fault is not None:
        return set()
    named = references(operation.data) if operation.method != "DELETE" else set()
    if operation.name.startswith(PREFIX):
        named.add(operation.name.removeprefix(PREFIX))
    return named


def _in_reference_order(referred: _Referred) -> list[Step]:
    steps: list[Step] = []
    latest: dict[int, Part] = {}
    open_circles: list[tuple[Step, frozenset[int]]] = []

    def add(step: Step) -> None:
        steps.append(step)
        latest[step.operation] = step.part

    for start in range(len(referred)):
        for index, circular in _depth_first(start, referred, begun=latest):
            late = frozenset(referred[index][other] for other in circular)
            after = frozenset((other, latest[other]) for other in referred[index] if other not in circular)
            step = Step(index, Part.FIRST if late else Part.WHOLE, after, late)
            add(step)
            if late:
                open_circles.append((step, circular))
            closed = [circle for circle in open_circles if circle[1] <= latest.keys()]
            open_circles = [circle for circle in open_circles if circle not in closed]
            for first, others in closed:
                known = frozenset((other, latest[other]) for other in others | {first.operation})
                add(replace(first, part=Part.REST, after=known))
    return steps


def _depth_first(start: int, referred: _Referred, *, begun: dict[int, Part]) -> Iterator[tuple[int, frozenset[int]]]:
    """Yield what the operation needs and then itself, each with those of its references that lead round in a circle.

    By a stack of our own: a chain of references may be as long as the message.
    """
    if start in begun:
        return
    way = {start: iter(referred[start])}
    circular: dict[int, set[int]] = {}
    while way:
        index, rest = next(reversed(way.items()))
        for other in rest:
            if other in way:
                circular.setdefault(index, set()).add(other)
            elif other not in begun:
                way[other] = iter(referred[other])
                break
        else:
            del way[index]
            yield index, frozenset(circular.get(index, ()))


@dataclass(slots=True)
class _Waves:
    """The waves so far. What is in one wave waits for nothing of the same wave."""

    highest: int = 0
    barrier: int = 0
    """The last wave with a step that might touch anything."""
    of_step: dict[tuple[int, Part], int] = field(default_factory=dict)
    of_key: dict[object, int] = field(default_factory=dict)
    """The last wave with a step that touches this."""


def _waves(steps: Sequence[Step], operations: Sequence[BulkOperation], catalog: Catalog) -> list[int]:
    """Return the wave of each step: after its references, and after every earlier step that it might get in touch with.

    Within a wave the steps keep their order, and the lane keeps it as well.
    """
    waves = _Waves()
    for step in steps:
        keys = _touched(operations[step.operation], catalog) if step.part is not Part.REST else ()
        wave = max([waves.barrier, *(1 + waves.of_step[other] for other in step.after)])
        if keys:
            wave = max([wave, *(waves.of_key.get(key, 0) for key in keys)])
            waves.of_key.update(dict.fromkeys(keys, wave))
        else:
            waves.barrier = wave = max(wave, waves.highest)
        waves.highest = max(waves.highest, wave)
        waves.of_step[step.operation, step.part] = wave
    return [waves.of_step[step.operation, step.part] for step in steps]


def _touched(operation: BulkOperation, catalog: Catalog) -> tuple[object, ...]:
    """Return what an operation touches; nothing where it might be anything, like a name that it takes or gives free."""
    resource_type = catalog.by_endpoint(operation.endpoint)
    if operation.fault is not None or resource_type is None:
        return _NOTHING
    if operation.method == "POST":
        return _touched_by_new(operation, resource_type)
    if operation.method == "PATCH" and resource_type.name == "Group" and _is_about_members(operation.data):
        return (("resource", operation.name),)
    return ()


def _touched_by_new(operation: BulkOperation, resource_type: ResourceType) -> tuple[object, ...]:
    given = {name.lower(): value for name, value in operation.data.items()}
    name, external_id = given.get(resource_type.unique_name.lower()), given.get("externalid")
    if not isinstance(name, str):
        return ()
    taken = ("name", resource_type.name, prepared_name(resource_type.name, name))
    return (taken, ("externalId", resource_type.name, external_id)) if isinstance(external_id, str) else (taken,)


def _is_about_members(data: object) -> bool:
    operations = data.get("Operations") if isinstance(data, dict) else None
    if not isinstance(operations, list):
        return False
    paths = [operation.get("path") if isinstance(operation, dict) else None for operation in operations]
    return all(isinstance(path, str) and concerns_members(path) for path in paths)
