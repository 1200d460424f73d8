"""The laws of a tenant, held against a reference model."""

import pytest

# Their asserts are told as those of tests are: with what was on both sides.
pytest.register_assert_rewrite("tests.laws.playing", "tests.laws.racing", "tests.laws.seeing", "tests.laws.turns")
