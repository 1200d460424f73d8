"""Grouped questions: what is asked while a call is under way travels together in the next one."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from gateway.grouping import Grouped
from tenants.errors import PortUnavailableError


class Store:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.answers: list[asyncio.Future[Mapping[str, int]]] = []

    async def find(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.calls.append(tuple(keys))
        answer: asyncio.Future[Mapping[str, int]] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        return await answer


def grouped(store: Store, *, in_flight: int = 1, limit: int = 256, timeout: float = 10) -> Grouped[str, int]:
    return Grouped(store.find, limit=limit, in_flight=in_flight, timeout_seconds=timeout, observe=lambda _: None)


async def settle() -> None:
    """Let everything that can go on without an answer go on."""
    for _ in range(8):
        await asyncio.sleep(0)


async def test_what_arrives_in_one_turn_of_the_loop_travels_together() -> None:
    store = Store()
    questions = grouped(store)
    answers = [questions.ask("a"), questions.ask("b")]
    await settle()
    store.answers[0].set_result({"a": 1, "b": 2})
    assert [await answer for answer in answers] == [1, 2]
    assert store.calls == [("a", "b")]


async def test_what_arrives_in_one_burst_over_several_turns_travels_together() -> None:
    store = Store()
    questions = grouped(store)
    for key in "abcdef":
        questions.ask(key)
        await asyncio.sleep(0)
    await settle()
    assert store.calls == [tuple("abcdef")]


async def test_what_arrives_while_a_call_is_under_way_travels_together_in_the_next() -> None:
    store = Store()
    questions = grouped(store)
    questions.ask("a")
    await settle()
    questions.ask("b")
    await settle()
    questions.ask("c")
    await settle()
    assert store.calls == [("a",)]
    store.answers[0].set_result({})
    await settle()
    assert store.calls == [("a",), ("b", "c")]


async def test_a_burst_that_begins_while_a_call_is_under_way_travels_together() -> None:
    store = Store()
    questions = grouped(store)
    questions.ask("a")
    await settle()
    questions.ask("b")
    store.answers[0].set_result({})
    for key in "cdefghij":
        await asyncio.sleep(0)
        questions.ask(key)
    await settle()
    assert store.calls == [("a",), tuple("bcdefghij")]


async def test_with_as_many_keys_as_allowed_the_end_of_a_burst_is_not_waited_for() -> None:
    store = Store()
    questions = grouped(store, limit=4)
    for key in "abcdefghij":
        questions.ask(key)
        await asyncio.sleep(0)
    assert store.calls == [("a", "b", "c", "d")]


async def test_a_question_never_joins_a_call_under_way_even_for_the_same_key() -> None:
    store = Store()
    questions = grouped(store)
    first = questions.ask("a")
    await settle()
    second = questions.ask("a")
    store.answers[0].set_result({"a": 1})
    await settle()
    store.answers[1].set_result({"a": 2})
    assert (await first, await second) == (1, 2)


async def test_the_same_key_asked_twice_is_asked_for_once() -> None:
    store = Store()
    questions = grouped(store)
    answers = [questions.ask("a"), questions.ask("a")]
    await settle()
    store.answers[0].set_result({"a": 1})
    assert [await answer for answer in answers] == [1, 1]
    assert store.calls == [("a",)]


async def test_as_many_calls_as_allowed_are_under_way() -> None:
    store = Store()
    questions = grouped(store, in_flight=2)
    for key in "abc":
        questions.ask(key)
        await settle()
    assert store.calls == [("a",), ("b",)]


async def test_no_call_has_more_keys_than_allowed() -> None:
    store = Store()
    questions = grouped(store, in_flight=2, limit=2)
    for key in "abcde":
        questions.ask(key)
    await settle()
    store.answers[0].set_result({})
    await settle()
    assert store.calls == [("a", "b"), ("c", "d"), ("e",)]


async def test_a_key_without_an_answer_has_none() -> None:
    store = Store()
    answer = grouped(store).ask("a")
    await settle()
    store.answers[0].set_result({})
    assert await answer is None


async def test_a_failure_reaches_all_who_asked_in_that_call_and_nobody_else() -> None:
    store = Store()
    questions = grouped(store)
    failed = [questions.ask("a"), questions.ask("b")]
    await settle()
    later = questions.ask("a")
    store.answers[0].set_exception(PortUnavailableError("down"))
    for answer in failed:
        with pytest.raises(PortUnavailableError):
            await answer
    await settle()
    store.answers[1].set_result({"a": 1})
    assert await later == 1


async def test_one_who_gives_up_does_not_disturb_the_others() -> None:
    store = Store()
    questions = grouped(store)
    impatient, patient = questions.ask("a"), questions.ask("a")
    await settle()
    impatient.cancel()
    store.answers[0].set_result({"a": 1})
    assert await patient == 1


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    answer = grouped(Store(), timeout=0.01).ask("a")
    with pytest.raises(PortUnavailableError):
        await answer


async def test_closing_leaves_nobody_waiting_for_a_call_under_way() -> None:
    questions = grouped(Store())
    answer = questions.ask("a")
    await settle()
    await questions.close()
    assert answer.cancelled()


async def test_closing_asks_nothing_more_and_leaves_nobody_waiting() -> None:
    store = Store()
    questions = grouped(store)
    questions.ask("a")
    await settle()
    behind = questions.ask("b")
    await questions.close()
    await settle()
    assert behind.cancelled()
    assert store.calls == [("a",)]


async def test_closing_during_a_burst_asks_nothing() -> None:
    store = Store()
    questions = grouped(store)
    answer = questions.ask("a")
    await questions.close()
    await settle()
    assert answer.cancelled()
    assert store.calls == []


async def test_closing_in_the_turn_in_which_a_call_is_to_begin_leaves_nothing_behind() -> None:
    store = Store()
    questions = grouped(store)
    answer = questions.ask("a")
    # The call has its task by then, which has not run yet.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await questions.close()
    assert answer.cancelled()
    assert store.calls == []
