"""What a job is about: chosen ones, or all that there are."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from schemas.ids import PlanId
from tenants.jobs.job import Job, JobKind

CHOSEN = ("resources", "memberships", "accounts", "resource", "account", "filter")
"""Parameters that say what was chosen; without any of them a job is about all."""

_KNOWN: Mapping[JobKind, frozenset[str]] = {
    JobKind.RELEASE: frozenset({"resources", "memberships", "filter", "type", "plan"}),
    JobKind.SET_ASIDE: frozenset({"resources", "memberships", "reason"}),
    JobKind.TAKE_BACK: frozenset({"resources", "memberships"}),
    JobKind.ACTIVATE: frozenset({"accounts"}),
    JobKind.ALIGN: frozenset({"accounts"}),
    JobKind.IMPORT: frozenset({"accounts"}),
    JobKind.RESOLVE: frozenset({"resource", "link"}),
    JobKind.REPAIR: frozenset({"resources"}),
    JobKind.REPEAT: frozenset({"resources", "filter", "type"}),
    JobKind.FLAG: frozenset({"account", "has_legal_hold", "status"}),
}
PERSONAL: Mapping[JobKind, Mapping[str, Any]] = {
    JobKind.IMPORT: {"accounts": []},
    JobKind.SET_ASIDE: {"resources": []},
}
"""Kinds whose parameters say something of people, and what is left of them once that has to go."""
FILTERED = frozenset({JobKind.RELEASE, JobKind.REPEAT})
"""Kinds whose people a filter may choose; it may name somebody, so nothing is left of it either."""
_MAY_BE_ANYBODYS = re.compile(r'["0-9]')
_ABOUT_ALL = frozenset({JobKind.RELEASE, JobKind.ACTIVATE, JobKind.ALIGN, JobKind.REPAIR, JobKind.REPEAT})
"""Kinds that may be about all."""


def is_chosen(job: Job) -> bool:
    """Tell whether the job is about chosen ones; choosing none is not the same as all."""
    return any(name in job.parameters for name in CHOSEN)


def plan_of(job: Job) -> PlanId | None:
    """Return the plan that a release of all goes by; None: by none."""
    plan: PlanId | None = job.parameters.get("plan")
    return plan


def count_chosen(parameters: Mapping[str, Any]) -> int:
    """Return how many were chosen; of a filter that is known when it is asked."""
    lists = sum(len(parameters.get(name, ())) for name in ("resources", "memberships", "accounts"))
    return lists + sum(name in parameters for name in ("resource", "account"))


def check_parameters(kind: JobKind, parameters: Mapping[str, Any]) -> None:
    """Check that a job of the kind can read them.

    Raises:
        ValueError: It cannot.
    """
    unknown = parameters.keys() - _KNOWN[kind]
    if unknown:
        raise ValueError(f"a job of the kind {kind} knows no {', '.join(sorted(unknown))}")
    if "filter" in parameters and parameters.keys() & {"resources", "memberships"}:
        raise ValueError("whom a job is about is named, or found by a filter, not both")
    if "type" in parameters and "filter" not in parameters:
        raise ValueError("a type is said with a filter")
    if kind not in _ABOUT_ALL and not any(name in parameters for name in CHOSEN):
        raise ValueError(f"a job of the kind {kind} has to name whom it is about")


def forgotten(kind: JobKind, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without what they say of people."""
    if kind in FILTERED and "filter" in parameters:
        return {**parameters, "filter": ""}
    return dict(PERSONAL.get(kind, parameters))


def may_name(kind: JobKind, parameters: Mapping[str, Any], accounts: Collection[str]) -> bool:
    """Tell whether an import names one of the accounts, or a filter compares with what may be anybody's.

    That is a text or, in a tenant's own schema, a number; a digit in an attribute's name is taken for one.
    """
    if kind is JobKind.IMPORT:
        return any(account["lms_id"] in accounts for account in parameters["accounts"])
    return _MAY_BE_ANYBODYS.search(parameters.get("filter", "")) is not None
