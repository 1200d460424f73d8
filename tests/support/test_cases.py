"""The one dial of all property tests."""

import pytest

from tests.support.cases import VARIABLE, cases


def test_a_property_test_makes_its_usual_number_of_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert cases(60).max_examples == 60


def test_one_variable_raises_the_number_of_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "20000")
    assert cases(60).max_examples == 20_000
