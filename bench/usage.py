"""CPU time and memory of processes and everything below them, as Linux counts them.

CPU comes from the processes' own CPU clocks: ``/proc/<pid>/stat`` counts in ticks of 10 ms, too coarse for a phase of a
second. A process that has ended no longer counts.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_KIB_PER_MIB = 1024
# From the kernel's posix-timers: the clock of a whole process as its scheduler counts it.
_SCHEDULER_CLOCK = 2

Roles = Mapping[str, Sequence[int]]
"""Process numbers by what the processes are there for: gateway, worker, database, broker."""


def cpu_seconds(roles: Roles) -> dict[str, float]:
    """Return the CPU time that each role's processes have used so far."""
    return {role: sum(_cpu_seconds(pid) for pid in _with_children(pids)) for role, pids in roles.items()}


def peak_mib(roles: Roles) -> dict[str, float]:
    """Return the most memory that each role's processes have held at a time (resident, summed over processes)."""
    return {role: sum(_status_mib(pid, "VmHWM") for pid in _with_children(pids)) for role, pids in roles.items()}


def resident_mib(roles: Roles) -> dict[str, float]:
    """Return the memory that each role's processes hold now."""
    return {role: sum(_status_mib(pid, "VmRSS") for pid in _with_children(pids)) for role, pids in roles.items()}


def _with_children(pids: Iterable[int]) -> list[int]:
    family: list[int] = []
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        family.append(pid)
        waiting += _children(pid)
    return family


def _children(pid: int) -> list[int]:
    try:
        lists = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for children in lists for child in children.split()]


def _cpu_seconds(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | _SCHEDULER_CLOCK)
    except OSError:
        return 0.0


def _status_mib(pid: int, field: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / _KIB_PER_MIB for line in lines if line.startswith(f"{field}:")), 0.0)
