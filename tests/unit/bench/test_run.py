"""Subjects side by side: what befalls one is noted, and the others go on."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from bench.measuring import Ledger, Stage
from bench.options import parse_options
from bench.run import Bench
from bench.subjects.subject import Stand, Subject
from tests.support.services import Services
from tests.support.services.scratch import Scratch


@pytest.fixture
def told() -> list[str]:
    """What happened, in order."""
    return []


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def bench(told: list[str], ledger: Ledger, tmp_path: Path) -> Bench:
    """A bench with a subject that is sound, and one that cannot be stopped."""

    def sound(_: Stand, __: int) -> AbstractContextManager[Subject]:
        return _running("sound", told)

    @contextmanager
    def clinging(_: Stand, __: int) -> Iterator[Subject]:
        with _running("clinging", told) as subject:
            yield subject
        raise ProcessLookupError("it had ended by itself")

    openers = {"clinging": clinging, "sound": sound}
    return Bench(parse_options([]), Stand(Services({}), Scratch(tmp_path)), ledger, openers)


@contextmanager
def _running(name: str, told: list[str]) -> Iterator[Subject]:
    told.append(f"{name} starts")
    try:
        yield Subject(name, [], {})
    finally:
        told.append(f"{name} stops")


def test_subjects_that_take_turns_are_all_up_before_the_first_plays(bench: Bench, told: list[str]) -> None:
    def play(stage: Stage) -> Iterator[None]:
        told.append(f"{stage.subject.name} plays")
        yield

    bench.play_in_turns("traffic", ["sound", "clinging"], play, 1)

    assert told[:4] == ["sound starts", "clinging starts", "clinging plays", "sound plays"]


def test_who_cannot_be_stopped_is_noted_and_the_others_are_stopped(
    bench: Bench, told: list[str], ledger: Ledger
) -> None:
    def play(_: Stage) -> Iterator[None]:
        yield

    bench.play_in_turns("traffic", ["sound", "clinging"], play, 1)

    assert ledger.missing == {"clinging, traffic": "it had ended by itself"}
    assert told[2:] == ["sound stops", "clinging stops"]


def test_who_breaks_down_is_stopped_before_the_others_play_on(bench: Bench, told: list[str], ledger: Ledger) -> None:
    def play(stage: Stage) -> Iterator[None]:
        yield
        if stage.subject.name == "clinging":
            raise ConnectionRefusedError("gone")
        told.append("sound plays on")
        yield
        told.append("sound plays on")

    bench.play_in_turns("traffic", ["sound", "clinging"], play, 1)

    assert ledger.missing == {"clinging, traffic": "gone"}
    assert told[2:] == ["sound plays on", "clinging stops", "sound plays on", "sound stops"]
