"""CPU time and memory of processes."""

import os
import subprocess
import sys

from bench.usage import cpu_seconds, peak_mib, resident_mib

HOLDS_MEMORY_THEN_WAITS = "import sys; held = b'x' * 64_000_000; print('ready', flush=True); sys.stdin.read()"
RUNS_IT_IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS_MEMORY_THEN_WAITS!r}])"


def test_memory_counts_the_children_of_a_process() -> None:
    with subprocess.Popen(  # noqa: S603 (starts Python)
        [sys.executable, "-c", RUNS_IT_IN_A_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        roles = {"gateway": [process.pid]}

        resident, peak = resident_mib(roles)["gateway"], peak_mib(roles)["gateway"]

        process.stdin.close()
    assert peak >= resident > 64


def test_cpu_time_only_grows() -> None:
    roles = {"generator": [os.getpid()]}
    before = cpu_seconds(roles)["generator"]

    sum(range(200_000))

    assert cpu_seconds(roles)["generator"] > before > 0


def test_a_process_that_is_gone_counts_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    gone = {"worker": [process.pid]}

    assert (cpu_seconds(gone), peak_mib(gone)) == ({"worker": 0.0}, {"worker": 0.0})
