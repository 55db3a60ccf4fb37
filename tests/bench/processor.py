"""What the processor did: seconds of CPU by trees of processes, and what others had of it.

Read from `/proc`, so on Linux only. The kernel counts in ticks of 10 ms: enough for a row of
seconds, too coarse for a single request.
"""

import os
import resource
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_CORES = os.cpu_count() or 1
_PROC = Path("/proc")


class Reading(Struct, frozen=True):
    """One moment: seconds of CPU so far."""

    at: float
    parts: dict[str, float]
    """By name of the tree."""
    own: float
    """Of this process and of what it started and saw end, such as the load maker."""
    busy: float
    """Of the whole machine, with what its host gave to others."""


class Spent(Struct, frozen=True):
    """What was used between two readings."""

    parts: dict[str, float]
    foreign: float
    """The share of the machine that neither the trees nor this process had, 0 to 1."""


class Gauge:
    """Reads the CPU of trees of processes."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        """`roots` are the ids of the processes at the top, by the name of their tree."""
        self._roots = roots

    def read(self) -> Reading:
        """Look now."""
        trees = _trees()
        parts = {name: _sum(trees, root) for name, root in self._roots.items()}
        return Reading(time.monotonic(), parts, own(), _busy())


def spent(before: Reading, after: Reading) -> Spent:
    """Return what was used in between."""
    parts = {name: after.parts[name] - before.parts[name] for name in before.parts}
    there = (after.at - before.at) * _CORES
    known = sum(parts.values()) + after.own - before.own
    others = (after.busy - before.busy - known) / there
    return Spent(parts, min(max(others, 0.0), 1.0))


def own() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, who))


def parse_stat(text: str) -> tuple[int, float]:
    """Return the parent and the CPU seconds, those of ended children too, of `/proc/PID/stat`."""
    # The name, in brackets, may hold anything.
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) * _TICK


def _trees() -> dict[int, list[tuple[int, float]]]:
    """Return the children of each process, with their CPU seconds; below 0 is every process."""
    children: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            # It may end between the listing and the reading.
            with suppress(FileNotFoundError, ProcessLookupError):
                parent, seconds = parse_stat((folder / "stat").read_text("utf-8", "replace"))
                children[parent].append((int(folder.name), seconds))
    return children


def _sum(children: Mapping[int, list[tuple[int, float]]], root: int) -> float:
    found = [s for siblings in children.values() for pid, s in siblings if pid == root]
    return sum(found) + sum(_sum(children, pid) for pid, _ in children.get(root, ()))


def _busy() -> float:
    names = (_PROC / "stat").read_text("utf-8").split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, names)
    return (user + nice + system + irq + softirq + steal) * _TICK
