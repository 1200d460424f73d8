import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.errors import ScimError
from schemas.scim.patch import apply_patch, parse_patch
from schemas.scim.validation import validate_attributes
from tests.support.cases import cases
from tests.support.patch_reading import read_plainly
from tests.support.strategies.scim import (
    few_email_operations,
    few_emails,
    group_attributes,
    json_values,
    patch_operations,
    user_attributes,
    wild_operations,
)
from tests.unit.schemas.patching import GROUP, USER, message, parsed, patched

Attributes = dict[str, Any]
Operation = dict[str, Any]


@cases(100)
@given(user_attributes, st.lists(patch_operations, min_size=1, max_size=4), st.booleans())
def test_operations_end_where_a_naive_reading_of_the_rfc_does(
    before: Attributes, operations: list[Operation], strict: bool
) -> None:
    untouched = copy.deepcopy(before)
    assert _outcome(before, operations, strict=strict) == read_plainly(before, operations, strict=strict)
    assert before == untouched


@cases(400)
@given(few_emails, st.lists(few_email_operations, min_size=1, max_size=3), st.booleans())
def test_elements_that_resemble_each_other_are_told_apart(
    emails: list[Attributes], operations: list[Operation], strict: bool
) -> None:
    before = {"userName": "bob", "active": True, "emails": emails}
    assert _outcome(before, operations, strict=strict) == read_plainly(before, operations, strict=strict)


@cases(100)
@given(user_attributes, patch_operations)
def test_the_result_is_canonical(before: Attributes, operation: Operation) -> None:
    after = _outcome(before, [operation], strict=False)
    if after is not None:
        # Only a new resource, or one that takes the place of another, is active unless it says otherwise.
        assert validate_attributes(after, USER, strict=False) == {"active": True} | after


@cases(100)
@given(user_attributes, patch_operations, st.booleans())
def test_the_same_again_changes_nothing(before: Attributes, operation: Operation, strict: bool) -> None:
    after = _outcome(before, [operation], strict=strict)
    chooses_by_what_it_changes = "[" in operation.get("path", "")
    if after is not None and not chooses_by_what_it_changes:
        assert patched(after, operation, strict=strict) == after


@cases(100)
@given(st.lists(patch_operations, min_size=1, max_size=3), st.booleans())
def test_what_is_carried_is_read_again_as_the_same(operations: list[Operation], strict: bool) -> None:
    try:
        carried = parsed(*operations, strict=strict)
    except ScimError:
        return
    again = [{"op": one.op, "path": one.path} | ({"value": one.value} if one.has_value else {}) for one in carried]
    assert not again or parsed(*again, strict=strict) == carried


@cases(100)
@given(st.one_of(json_values, st.lists(wild_operations, max_size=3)), user_attributes, st.booleans())
def test_no_message_makes_anything_but_attributes_or_a_refusal(sent: Any, user: Attributes, strict: bool) -> None:
    try:
        operations = parse_patch(message() | {"Operations": sent}, USER, strict=strict)
        after = apply_patch(user, operations, USER, strict=strict)
    except ScimError:
        return
    assert after["userName"]
    assert "password" not in after


@cases(100)
@given(st.lists(wild_operations, max_size=3), group_attributes, st.booleans())
def test_no_message_to_a_group_makes_anything_but_attributes_or_a_refusal(
    sent: Any, group: Attributes, strict: bool
) -> None:
    try:
        operations = parse_patch(message(*sent), GROUP, strict=strict)
        after = apply_patch(group, operations, GROUP, strict=strict)
    except ScimError:
        return
    assert after["displayName"]


def _outcome(before: Attributes, operations: list[Operation], *, strict: bool) -> Attributes | None:
    """Return the attributes after the PATCH; None when it is refused."""
    try:
        return patched(before, *operations, strict=strict)
    except ScimError:
        return None
