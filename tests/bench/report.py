"""A finished run, and its tables in words."""

from collections.abc import Sequence

from msgspec import Struct

from tests.bench.figures import Sample, Verdict, medians, verdicts
from tests.bench.machine import Machine

NOISY = 0.10
"""From this share of the machine on, others have spoilt a row's rate."""


class Report(Struct, frozen=True):
    """All that a run found."""

    date: str
    command: str
    seconds: int
    """Under load, of each row in each round."""
    customers: int
    machine: Machine
    rounds: list[dict[str, Sample]]
    medians: dict[str, Sample]
    ratios: list[Verdict]


def finished(
    rounds: Sequence[dict[str, Sample]],
    *,
    date: str,
    command: str,
    seconds: int,
    customers: int,
    machine: Machine,
) -> Report:
    """Sum up the rounds."""
    middle = {name: medians([one[name] for one in rounds]) for name in rounds[0]}
    return Report(
        date=date,
        command=command,
        seconds=seconds,
        customers=customers,
        machine=machine,
        rounds=list(rounds),
        medians=middle,
        ratios=verdicts(rounds),
    )


def loads(report: Report) -> list[list[str]]:
    """Return the table of the rows under load, its head first."""
    head = [
        "row",
        "per second",
        "p50 ms",
        "p99 ms",
        "CPU µs",
        "hub",
        "its worker",
        "database",
        "Redis",
        "load maker",
        "others had",
    ]
    return [head] + [_load(name, one) for name, one in report.medians.items() if one.loaded]


def streams(report: Report) -> list[list[str]]:
    """Return the table of the open streams, its head first."""
    found = [(name, one) for name, one in report.medians.items() if one.kib]
    head = [
        "row",
        "KiB each",
        "reply p50 ms",
        "reply p99 ms",
        "listener p99 ms",
        "message p99 ms",
        "without streams",
        "others had",
    ]
    return [head] + [
        [
            name,
            *(f"{n:.1f}" for n in (one.kib, one.p50, one.p99, one.heard, one.beside, one.alone)),
            _foreign(one),
        ]
        for name, one in found
    ]


def starts(report: Report) -> list[list[str]]:
    """Return the table of the starts, its head first."""
    found = [(name, one) for name, one in report.medians.items() if one.start]
    head = ["row", "seconds", "fastest", "slowest"]
    return [head] + [[name, f"{one.start:.2f}", *_span(report, name)] for name, one in found]


def ratios(report: Report) -> list[list[str]]:
    """Return the table of the ratios, its head first."""
    head = ["ratio", "is", "median", "lowest", "highest", "goal", ""]
    words = {True: "reached", False: "missed", None: ""}
    return [head] + [
        [
            one.name,
            one.says,
            *(f"{number:.2f}" for number in (one.median, one.lowest, one.highest)),
            one.bound,
            words[one.reached],
        ]
        for one in report.ratios
    ]


def in_columns(table: Sequence[Sequence[str]]) -> str:
    """Return a table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)) for r in table)
    return "\n".join(line.rstrip() for line in lines)


def in_markdown(table: Sequence[Sequence[str]]) -> str:
    """Return a table for a page."""
    head, *rest = table
    # Figures stand under each other by their ends, words by their beginnings.
    rule = ["--:" if cell[:1].isdecimal() else "---" for cell in table[-1]]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rest))


def _load(name: str, one: Sample) -> list[str]:
    parts = (one.total, one.server, one.worker, one.database, one.redis, one.load)
    times = (f"{one.p50:.1f}", f"{one.p99:.1f}")
    return [name, f"{one.rate:,.0f}", *times, *(f"{part:.0f}" for part in parts), _foreign(one)]


def _foreign(one: Sample) -> str:
    return f"{one.foreign:.0%}{' (!)' if one.foreign > NOISY else ''}"


def _span(report: Report, name: str) -> list[str]:
    seconds = [one[name].start for one in report.rounds]
    return [f"{number:.2f}" for number in (min(seconds), max(seconds))]
