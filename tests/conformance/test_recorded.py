"""Sequences of requests as provisioning clients send them, one file a story; names and ids in them are made up.

A tolerance for a client begins with a file in ``recorded/``.
"""

from pathlib import Path

import pytest

from tests.support.conformance_client import Scim
from tests.support.conformance_recorded import read_recording, replay

_RECORDINGS = {path.stem: read_recording(path) for path in sorted((Path(__file__).parent / "recorded").glob("*.json"))}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.line(*one.lines)) for name, one in _RECORDINGS.items()]
)
def test_the_client_gets_what_it_relies_on(name: str, scim: Scim) -> None:
    replay(_RECORDINGS[name], scim)
