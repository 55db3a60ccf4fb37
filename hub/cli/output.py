"""What commands print: one JSON document for scripts, aligned columns for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a document for scripts."""
    click.echo(json.dumps(document, ensure_ascii=False))


def print_secret(sentence: str, secret: str | None) -> None:
    """Print a sentence for people, and alone on standard output the secret it tells of."""
    click.echo(sentence, err=bool(secret))
    if secret:
        click.echo(secret)


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns as wide as they need to be, under a dim head."""
    lines = [list(row) for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *lines]) for i in range(len(head))]
    click.secho(_aligned(head, widths), dim=True)
    for line in lines:
        click.echo(_aligned(line, widths))


def instant(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601 in UTC with milliseconds, as the API does."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(moment: datetime | None) -> str:
    """Write a moment for people, to the minute; - for none."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "-"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
