"""Filter trees: as parsed (names as the client wrote them), and as resolved against a resource type.

A resolved tree speaks about the search document of a resource (``schemas.scim.search``): steps are its keys, values are
folded like its values. The evaluator and every store give it the same meaning:

* A field whose steps cross a list means: some element. ``Not`` negates the whole.
* Comparisons hold only between values of one type (text, number, boolean); on a missing value none holds.
* ``Present`` holds when some value is there. ``ne`` is resolved to ``Not(eq)``, ``eq null`` to ``Not(Present)``.
"""

from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """Attribute operators of RFC 7644, table 3, but for ``pr``."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


Scalar = str | int | float | bool
"""What a search document holds at its leaves."""


@dataclass(frozen=True, slots=True)
class AttributePath:
    """``[urn:]attribute[.subAttribute]`` as written."""

    urn: str | None
    name: str
    sub: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """``path op value``."""

    path: AttributePath
    operator: Operator
    value: Scalar | None


@dataclass(frozen=True, slots=True)
class Exists:
    """``path pr``."""

    path: AttributePath


@dataclass(frozen=True, slots=True)
class ValuePath:
    """``path[filter]``; the inner paths are relative to the element."""

    path: AttributePath
    filter: "Filter"


@dataclass(frozen=True, slots=True)
class Conjunction:
    """``a and b``."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    """``a or b``."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """``not (a)``."""

    term: "Filter"


Filter = Compare | Exists | ValuePath | Conjunction | Disjunction | Negation


@dataclass(frozen=True, slots=True)
class Field:
    """A place in the search document."""

    steps: tuple[str, ...]
    lists: tuple[bool, ...]
    """For each step, whether a list stands there."""

    @property
    def is_multi_valued(self) -> bool:
        """Whether there can be several values."""
        return any(self.lists)


@dataclass(frozen=True, slots=True)
class Matches:
    """The field's value (some value) compares with the folded value. Never ``Operator.NE``."""

    field: Field
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class Present:
    """The field has a value."""

    field: Field


@dataclass(frozen=True, slots=True)
class SomeElement:
    """Some element of the list at the field meets the inner tree, whose fields are relative to the element."""

    field: Field
    inner: "ResolvedFilter"


@dataclass(frozen=True, slots=True)
class HasMember:
    """The Group has this member (``members.value eq``)."""

    member: str


@dataclass(frozen=True, slots=True)
class HasMembers:
    """The Group has any member (``members pr``)."""


@dataclass(frozen=True, slots=True)
class InGroup:
    """The User is in this Group, directly or through Groups that are in it (``groups.value eq``)."""

    group: str


@dataclass(frozen=True, slots=True)
class InGroups:
    """The User is in any Group (``groups pr``)."""


EdgeQuestion = HasMember | HasMembers | InGroup | InGroups
"""What is asked about memberships, which stand in no search document."""


@dataclass(frozen=True, slots=True)
class All:
    """All terms hold; holds when there are none."""

    terms: tuple["ResolvedFilter", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some term holds; does not hold when there are none."""

    terms: tuple["ResolvedFilter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: "ResolvedFilter"


ResolvedFilter = Matches | Present | SomeElement | EdgeQuestion | All | AnyOf | Not
