"""What crosses the bus arrives as it was sent, between neighbouring releases too."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import CommandId, ResourceId, TenantId, TokenId, WorkerId
from schemas.messages.callers import Caller
from schemas.messages.codec import (
    UnreadableMessageError,
    decode_commands,
    decode_notice,
    decode_outcomes,
    encode_commands,
    encode_notice,
    encode_outcomes,
)
from schemas.messages.commands import (
    Command,
    CreateResource,
    DeleteResource,
    PatchOperation,
    PatchResource,
    ReplaceResource,
)
from schemas.messages.notices import Notice, TenantChanged, TokenChanged, WorkerReported
from schemas.messages.outcomes import Abandoned, Applied, Outcome, Rejected

ACME = TenantId("acme")
CALLER = Caller("token:t1", "Entra", "192.0.2.7", "Entra SCIM", "r1")
USER = ResourceId("01" * 16)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)

RECORDED = (
    "019288a474797065a664656c657465a26964a26334a674656e616e74a461636d65a663616c6c657285a97072696e63697061"
    "6ca8746f6b656e3a7431a46e616d65a5456e747261a761646472657373a93139322e302e322e37a56167656e74aa456e7472"
    "61205343494daa726571756573745f6964a27231a8646561646c696e65cb3ff0000000000000ad7265736f757263655f7479"
    "7065a455736572ab7265736f757263655f6964d9203031303130313031303130313031303130313031303130313031303130"
    "313031a869665f6d6174636891a12a89a474797065a57061746368a26964a26333a674656e616e74a461636d65a663616c6c"
    "657285a97072696e636970616ca8746f6b656e3a7431a46e616d65a5456e747261a761646472657373a93139322e302e322e"
    "37a56167656e74aa456e747261205343494daa726571756573745f6964a27231a8646561646c696e65cb3ff0000000000000"
    "ad7265736f757263655f74797065a547726f7570ab7265736f757263655f6964d92030313031303130313031303130313031"
    "30313031303130313031303130313031aa6f7065726174696f6e739182a26f70a672656d6f7665a470617468a57469746c65"
    "a869665f6d6174636891a5572f223322"
)


def create(attributes: dict[str, Any]) -> CreateResource:
    return CreateResource(CommandId("c1"), ACME, CALLER, 1795618165.5, "User", USER, attributes)


def replace(*, if_match: tuple[str, ...] = ()) -> ReplaceResource:
    return ReplaceResource(CommandId("c2"), ACME, CALLER, 1.0, "User", USER, {"userName": "b"}, if_match=if_match)


def patch(*operations: PatchOperation) -> PatchResource:
    return PatchResource(CommandId("c3"), ACME, CALLER, 1.0, "Group", USER, operations, if_match=('W/"3"',))


def delete() -> DeleteResource:
    return DeleteResource(CommandId("c4"), ACME, CALLER, 1.0, "User", USER, if_match=("*",))


def test_commands_of_every_kind_arrive_in_order_as_they_were_sent() -> None:
    operations = (
        PatchOperation("add", "members", [{"value": USER}], has_value=True),
        PatchOperation("remove", 'emails[type eq "work"]'),
        PatchOperation("replace", value={"active": False}, has_value=True),
    )
    sent: tuple[Command, ...] = (create({"userName": "bjensen"}), replace(), patch(*operations), delete())

    assert decode_commands(encode_commands(sent)) == sent


def test_a_null_that_was_sent_differs_from_no_value_at_all() -> None:
    sent = patch(PatchOperation("replace", "title", None, has_value=True), PatchOperation("replace", "title"))

    (arrived,) = decode_commands(encode_commands([sent]))

    assert isinstance(arrived, PatchResource)
    assert [operation.has_value for operation in arrived.operations] == [True, False]


@given(attributes=st.dictionaries(st.text(), JSON, max_size=5))
def test_attributes_arrive_as_they_were_sent(attributes: dict[str, Any]) -> None:
    sent = (create(attributes),)

    assert decode_commands(encode_commands(sent)) == sent


@given(value=JSON)
def test_the_value_of_a_patch_arrives_as_it_was_sent(value: Any) -> None:
    sent = (patch(PatchOperation("add", "title", value, has_value=True)),)

    assert decode_commands(encode_commands(sent)) == sent


def test_outcomes_of_every_kind_arrive_in_order_as_they_were_sent() -> None:
    sent: tuple[Outcome, ...] = (
        Applied(CommandId("c1"), 7, USER, 3, b'{"id":"\x1f/Users/1"}\xff', changed=True, created=True),
        Rejected(CommandId("c2"), 409, "userName is taken", "uniqueness"),
        Rejected(CommandId("c3"), 404, "User 1 does not exist"),
        Abandoned(CommandId("c4"), "too late"),
    )

    assert decode_outcomes(encode_outcomes(sent)) == sent


@pytest.mark.parametrize(
    "notice",
    [
        TenantChanged(ACME),
        TokenChanged(ACME, TokenId("t1")),
        WorkerReported(WorkerId("w1"), (ACME, TenantId("globex")), 12, leaving=True),
    ],
)
def test_a_notice_arrives_as_it_was_sent(notice: Notice) -> None:
    assert decode_notice(encode_notice(notice)) == notice


def test_a_message_begins_with_its_version() -> None:
    assert encode_commands([delete()])[:1] == b"\x01"
    assert encode_outcomes([])[:1] == b"\x01"
    assert encode_notice(TenantChanged(ACME))[:1] == b"\x01"


def test_a_message_of_another_version_is_refused_by_name() -> None:
    message = b"\x02" + encode_commands([delete()])[1:]

    with pytest.raises(UnreadableMessageError, match="version 02 is not known"):
        decode_commands(message)


@pytest.mark.parametrize("message", [b"", b"\x01", b"\x01\xc1", b"\x01\x90\x90", b"{}", b"\x01\x91\x81\xa4type"])
def test_bytes_that_are_no_message_are_refused(message: bytes) -> None:
    for decode in (decode_commands, decode_outcomes, decode_notice):
        with pytest.raises(UnreadableMessageError):
            decode(message)


def test_a_message_that_was_cut_off_is_refused_wherever_it_was_cut() -> None:
    message = encode_commands([create({"userName": "bjensen"}), delete()])

    for length in range(len(message)):
        with pytest.raises(UnreadableMessageError):
            decode_commands(message[:length])


def test_a_kind_of_command_that_this_release_does_not_know_is_refused() -> None:
    message = b"\x01" + msgspec.msgpack.encode([{"type": "teleport", "id": "c1"}])

    with pytest.raises(UnreadableMessageError):
        decode_commands(message)


def test_a_field_that_a_later_release_added_is_passed_over() -> None:
    fields = msgspec.msgpack.decode(encode_commands([delete()])[1:])
    fields[0] |= {"reason": "left the company"}

    assert decode_commands(b"\x01" + msgspec.msgpack.encode(fields)) == (delete(),)


def test_a_field_that_an_earlier_release_did_not_have_takes_its_default() -> None:
    fields = msgspec.msgpack.decode(encode_commands([replace(if_match=("*",))])[1:])
    del fields[0]["if_match"]

    assert decode_commands(b"\x01" + msgspec.msgpack.encode(fields)) == (replace(),)


def test_the_bytes_of_this_release_stay_readable() -> None:
    """A recorded message: when this fails, lanes full of messages of the release before would be lost."""
    recorded = bytes.fromhex(RECORDED)

    assert decode_commands(recorded) == (delete(), patch(PatchOperation("remove", "title")))
