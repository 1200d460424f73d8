"""Each rewrite has a recorded request, a refusal where a tenant is strict, and its place in docs/dialects.md."""

import re
from pathlib import Path
from typing import Any

import pytest

from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.dialects import REWRITES, tolerate, tolerate_patch
from schemas.scim.errors import ScimError
from schemas.scim.patch import parse_patch
from schemas.scim.validation import validate
from tests.support.recorded_rewrites import RECORDED, Recorded

PAGE = Path(__file__).parents[3] / "docs" / "dialects.md"
each_recorded = pytest.mark.parametrize(
    "recorded", [pytest.param(each, id=f"{each.rewrite}-{place}") for place, each in enumerate(RECORDED)]
)


def read(body: object, recorded: Recorded, *, strict: bool) -> Any:
    resource_type = core_catalog().resource_type(recorded.resource_type)
    if recorded.is_patch:
        return parse_patch(body, resource_type, strict=strict)
    return validate(body, resource_type, strict=strict)


def rewritten(recorded: Recorded) -> tuple[object, tuple[str, ...]]:
    resource_type = core_catalog().resource_type(recorded.resource_type)
    return (tolerate_patch if recorded.is_patch else tolerate)(recorded.body, resource_type)


def test_every_rewrite_has_a_recorded_request() -> None:
    assert {recorded.rewrite for recorded in RECORDED} == REWRITES


@each_recorded
def test_a_recorded_request_needs_its_rewrite_and_is_understood(recorded: Recorded) -> None:
    body, names = rewritten(recorded)
    assert recorded.rewrite in names
    assert read(body, recorded, strict=False)


@each_recorded
def test_a_strict_tenant_answers_as_the_rfc_says(recorded: Recorded) -> None:
    if recorded.refusal is None:
        assert read(recorded.body, recorded, strict=True)
        return
    with pytest.raises(ScimError) as refusal:
        read(recorded.body, recorded, strict=True)
    assert (refusal.value.status, refusal.value.scim_type) == (400, recorded.refusal)


def test_the_page_lists_every_rewrite_and_no_other() -> None:
    listed = re.findall(r"^\| `(\w+)` \|.*\| (.+?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted(REWRITES)
    refusals = {recorded.rewrite: recorded.refusal for recorded in RECORDED}
    for name, strict in listed:
        assert strict.startswith(f"400 `{refusals[name]}`" if refusals[name] else "accepted"), name
