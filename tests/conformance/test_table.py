"""The page that says which tests prove which lines."""

import subprocess
import sys
from pathlib import Path


def test_every_line_has_a_test_and_the_page_says_so() -> None:
    repository = Path(__file__).parents[2]
    # In a process of its own: pytest collects here already.
    checked = subprocess.run(
        [sys.executable, "-m", "tests.conformance.table", "--check"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
