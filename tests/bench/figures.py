"""Figures: samples, their medians, and the ratios that they are read by."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from msgspec import Struct


class Sample(Struct, frozen=True, kw_only=True):
    """One row in one round; CPU is in microseconds a request."""

    handled: int = 0
    """Requests that were taken, with those under way when the load ended."""
    rate: float = 0.0
    """Answers a second."""
    p50: float = 0.0
    """Milliseconds."""
    p99: float = 0.0
    server: float = 0.0
    """All of the hub's processes, the worker among them."""
    worker: float = 0.0
    """`clonvo worker` alone, where it is a process of its own."""
    database: float = 0.0
    redis: float = 0.0
    load: float = 0.0
    """The load maker."""
    foreign: float = 0.0
    """The share of the machine that others had under the load, 0 to 1."""
    behind: int = 0
    """Events that waited for the worker when the load ended."""
    start: float = 0.0
    """Seconds, in the rows that measure a start."""
    kib: float = 0.0
    """Memory of an open stream, in the row of streams; its p50 and p99 are of a visitor's reply."""
    heard: float = 0.0
    """Milliseconds until a listener of the business heard of it, 99th percentile."""
    alone: float = 0.0
    """Milliseconds of another message, 99th percentile, before there were streams."""
    beside: float = 0.0
    """The same with all of them open."""

    @property
    def total(self) -> float:
        """Return the CPU of everything but the load maker."""
        return self.server + self.database + self.redis

    @property
    def loaded(self) -> bool:
        """Tell whether messages came as fast as they were answered."""
        return not self.start and not self.kib


Round = Mapping[str, Sample]
"""The rows of one round."""


class Goal(Struct, frozen=True):
    """A ratio between rows of the same round, and what it should be."""

    name: str
    says: str
    needs: tuple[str, ...]
    ratio: Callable[[Round], float]
    at_least: float | None = None
    at_most: float | None = None


class Verdict(Struct, frozen=True):
    """What became of a goal."""

    name: str
    says: str
    median: float
    lowest: float
    highest: float
    bound: str
    """The goal in words; empty where there is none."""
    reached: bool | None


GOALS = (
    Goal(
        "efficiency",
        "CPU of one `INSERT` over CPU of a message (`floor` / `postgres-1`)",
        ("floor", "postgres-1"),
        lambda r: r["floor"].total / r["postgres-1"].total,
        at_least=0.50,
    ),
    Goal(
        "efficiency, narrow",
        "the same beside a row of four columns with one index (`narrow` / `postgres-1`)",
        ("narrow", "postgres-1"),
        lambda r: r["narrow"].total / r["postgres-1"].total,
    ),
    Goal(
        "two processes",
        "messages a second over `INSERT`s a second (`postgres-2` / `floor`)",
        ("postgres-2", "floor"),
        lambda r: r["postgres-2"].rate / r["floor"].rate,
        at_least=0.40,
    ),
    Goal(
        "embedded",
        "messages a second on SQLite over PostgreSQL (`sqlite` / `postgres-1`)",
        ("sqlite", "postgres-1"),
        lambda r: r["sqlite"].rate / r["postgres-1"].rate,
        at_least=0.60,
    ),
    Goal(
        "shared limits",
        "CPU with Redis over CPU without (`redis` / `postgres-1`)",
        ("redis", "postgres-1"),
        lambda r: r["redis"].total / r["postgres-1"].total,
        at_most=1.15,
    ),
    Goal(
        "storing",
        "CPU of the hub with storing over without (`postgres-1` / `decode`)",
        ("postgres-1", "decode"),
        lambda r: r["postgres-1"].server / r["decode"].server,
    ),
    Goal(
        "storing, without the worker",
        "the same, of `clonvo serve` alone",
        ("postgres-1", "decode"),
        lambda r: (r["postgres-1"].server - r["postgres-1"].worker) / r["decode"].server,
    ),
    Goal(
        "memory of a stream",
        "KiB of the hub for each of 5,000 open ones (`streams`)",
        ("streams",),
        lambda r: r["streams"].kib,
        at_most=30,
    ),
    Goal(
        "reply to its visitor",
        "seconds from sending it to the visitor's stream, 99th percentile, 5,000 streams",
        ("streams",),
        lambda r: r["streams"].p99 / 1000,
        at_most=0.25,
    ),
    Goal(
        "reply to a listener",
        "the same, to who listens to all of the business",
        ("streams",),
        lambda r: r["streams"].heard / 1000,
        at_most=0.25,
    ),
    Goal(
        "beside streams",
        "99th percentile of another message, with 5,000 open streams over without",
        ("streams",),
        lambda r: r["streams"].beside / r["streams"].alone,
    ),
    Goal(
        "start",
        "seconds from the command to the first stored message, SQLite",
        ("start",),
        lambda r: r["start"].start,
        at_most=1.5,
    ),
    Goal(
        "start on PostgreSQL",
        "the same on PostgreSQL",
        ("start-postgres",),
        lambda r: r["start-postgres"].start,
        at_most=1.5,
    ),
)


def medians(samples: Sequence[Sample]) -> Sample:
    """Return the median of each figure by itself."""
    names = Sample.__struct_fields__
    middle = {name: median(getattr(one, name) for one in samples) for name in names}
    middle |= {name: round(middle[name]) for name in ("handled", "behind")}
    return Sample(**middle)


def judge(goal: Goal, rounds: Sequence[Round]) -> Verdict | None:
    """Compare within each round, then take the median; None when a row was not measured."""
    if not all(name in one for one in rounds for name in goal.needs):
        return None
    ratios = [round(goal.ratio(one), 3) for one in rounds]
    middle, bound, reached = median(ratios), "", None
    if goal.at_least is not None:
        bound, reached = f"at least {goal.at_least:.2f}", middle >= goal.at_least
    elif goal.at_most is not None:
        bound, reached = f"at most {goal.at_most:.2f}", middle <= goal.at_most
    return Verdict(goal.name, goal.says, middle, min(ratios), max(ratios), bound, reached)


def verdicts(rounds: Sequence[Round]) -> list[Verdict]:
    """Return what became of each goal whose rows were measured."""
    return [verdict for goal in GOALS if (verdict := judge(goal, rounds))]
