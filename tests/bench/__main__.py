"""`./run bench`: the speed of the hub, as ratios to a floor that is measured beside it."""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
import structlog

from tests.bench import machine, page, report
from tests.bench.figures import Sample
from tests.bench.ground import Ground
from tests.bench.load import Failed
from tests.bench.rows import ROWS, Row
from tests.support.processes import NotStartedError

ROUNDS, SECONDS, CUSTOMERS = 5, 6, 10_000
AROUND_SECONDS = 6
"""A guess, before the first row is done, of what a row takes beside its seconds under load."""
NAMES = tuple(row.name for row in ROWS)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(1, 50))
@click.option(
    "--seconds",
    default=SECONDS,
    show_default=True,
    type=click.IntRange(1, 60),
    help="Under load, of each row in each round.",
)
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="This row; can be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--write", is_flag=True, help="Write docs/benchmarks.* also after a lesser run.")
@click.option("--list", "listing", is_flag=True, help="Tell the rows and end.")
def bench(
    rounds: int, seconds: int, only: Sequence[str], *, as_json: bool, write: bool, listing: bool
) -> None:
    """Measure what a message costs, beside what it could cost at least.

    Each round measures every row once, and ratios are taken within a round, so that a machine that
    is slow for a while is slow for both sides of a ratio. What was answered is counted in the
    database after each row: a message that is missing fails the run, with exit code 1. A goal that
    is missed does not.

    It takes about ten minutes, and wants a machine that does nothing else: read "others had". A
    run of all rows, no shorter than the default, writes docs/benchmarks.md and what belongs to it.

    \b
    Examples:  ./run bench
               ./run bench --rounds 1 --seconds 3 --only floor --only postgres-1
    """  # noqa: D301 - click reads the backspace as "leave these lines as they are"
    # What the hub says while a database is filled is no part of the figures.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    if listing:
        click.echo(report.in_columns([[row.name, row.says] for row in ROWS]))
        return
    chosen = [row for row in ROWS if not only or row.name in only]
    try:
        found = measure(chosen, rounds, seconds)
    except (Failed, NotStartedError) as error:
        raise click.ClickException(str(error)) from error
    told = report.finished(
        found,
        date=datetime.now(UTC).date().isoformat(),
        command=" ".join(["./run bench", *sys.argv[1:]]),
        seconds=seconds,
        customers=CUSTOMERS,
        machine=machine.look(),
    )
    show(told, as_json=as_json)
    whole = len(chosen) == len(ROWS) and rounds >= ROUNDS and seconds >= SECONDS
    if whole or write:
        click.echo(f"· written: {', '.join(file.name for file in page.write(told))}", err=True)


def show(told: report.Report, *, as_json: bool) -> None:
    """Print a report, for programs or for people."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told)))
        return
    tables = (report.loads, report.streams, report.starts, report.ratios)
    for table in (make(told) for make in tables):
        if len(table) > 1:
            click.echo(report.in_columns(table) + "\n")


def measure(
    rows: Sequence[Row], rounds: int, seconds: int, customers: int = CUSTOMERS
) -> list[dict[str, Sample]]:
    """Measure the rows round by round, and tell on standard error how far it is."""
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    begun, done, todo = time.monotonic(), 0, rounds * len(rows)
    found: list[dict[str, Sample]] = []
    try:
        with Ground(folder, customers) as ground:
            for number in range(1, rounds + 1):
                found.append({})
                for row in rows:
                    each = (time.monotonic() - begun) / done if done else seconds + AROUND_SECONDS
                    left = f"about {each * (todo - done):.0f} s left"
                    click.echo(f"· round {number} of {rounds}  {row.name:<15} {left}", err=True)
                    found[-1][row.name] = row.measure(ground, seconds)
                    done += 1
    except Failed as error:
        raise Failed(f"{row.name}: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


if __name__ == "__main__":
    bench(prog_name="./run bench")
