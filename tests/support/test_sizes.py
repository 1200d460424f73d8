"""The one dial of all tests that have a full size."""

import pytest

from tests.support.sizes import VARIABLE, size


def test_a_test_takes_on_its_usual_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert size(2_000, full=100_000) == 2_000


def test_one_variable_asks_for_the_full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    assert size(2_000, full=100_000) == 100_000
