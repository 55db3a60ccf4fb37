"""What is looked up for a batch, so that several look-ups can share one way there and back."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, overload

import sqlalchemy as sa
from msgspec import Struct

from hub.store import rows, short
from hub.store.rows import Build, Row, Way
from hub.store.short import Record

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")


class Question(Struct, Generic[A], frozen=True):
    """What to find for some rows, and what to make of the records that are found, in no order."""

    build: Build
    rows: Sequence[Row]
    understand: Callable[[Sequence[Record]], A]


@overload
def ask(connection: sa.Connection, first: Question[A], /) -> tuple[A]: ...
@overload
def ask(connection: sa.Connection, first: Question[A], second: Question[B], /) -> tuple[A, B]: ...
@overload
def ask(
    connection: sa.Connection, first: Question[A], second: Question[B], third: Question[C], /
) -> tuple[A, B, C]: ...
@overload
def ask(
    connection: sa.Connection,
    first: Question[A],
    second: Question[B],
    third: Question[C],
    fourth: Question[D],
    fifth: Question[E],
    sixth: Question[F],
    seventh: Question[G],
    /,
) -> tuple[A, B, C, D, E, F, G]: ...
def ask(connection: sa.Connection, *questions: Question[Any]) -> tuple[Any, ...]:
    """Answer the questions in their order; one about no rows is not asked.

    In a transaction the rows that they lock are locked in that order too.
    """
    asked = [question for question in questions if question.rows]
    found = iter(_together(connection, asked) or _one_by_one(connection, asked))
    return tuple(one.understand(next(found) if one.rows else ()) for one in questions)


def _one_by_one(
    connection: sa.Connection, asked: Sequence[Question[Any]]
) -> Sequence[Sequence[Record]]:
    return [rows.read(connection, question.build, question.rows) for question in asked]


def _together(
    connection: sa.Connection, asked: Sequence[Question[Any]]
) -> Sequence[Sequence[Record]] | None:
    """Ask PostgreSQL in one statement; None when there is nothing to be gained by that."""
    if len(asked) < 2 or connection.dialect.name != "postgresql":  # noqa: PLR2004
        return None
    locking = rows.way_of(connection).locking
    statement, places = _union(tuple(question.build for question in asked), locking)
    tables = {f"rows{i}": question.rows for i, question in enumerate(asked)}
    values = rows.given(connection, statement, tables)
    found = short.records(connection, statement, values)
    if found is None:
        return None
    answers: list[list[Record]] = [[] for _ in asked]
    for record in found:
        which = record[0]
        answers[which].append(record[places[which]])
    return answers


@cache
def _union(builds: tuple[Build, ...], locking: bool) -> tuple[sa.Executable, list[slice]]:  # noqa: FBT001
    """Put several statements one after the other, and the columns of each at a place of its own.

    With each record stands the number of its statement; return also where its columns are.
    """
    parts = [
        build(Way("postgresql", f"rows{i}", locking)).subquery(f"part{i}")
        for i, build in enumerate(builds)
    ]
    arms = [
        sa.select(
            sa.literal_column(str(i)),
            *(
                column if other is part else sa.cast(sa.null(), column.type)
                for other in parts
                for column in other.c
            ),
        ).select_from(part)
        for i, part in enumerate(parts)
    ]
    places, begin = [], 1
    for part in parts:
        places.append(slice(begin, begin + len(part.c)))
        begin += len(part.c)
    return sa.union_all(*arms), places
