"""Rows as SQLite takes them: each a tuple of values, all in one statement that is prepared once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.dialects import sqlite

from hub.store.forms import Form, Row, encode
from hub.store.tables import milliseconds

Values = tuple[Any, ...]


class _Plan(Struct, frozen=True):
    text: str
    of_struct: Callable[[Any], Values]
    of_mapping: Callable[[Any], Values]
    ids: Sequence[int]
    documents: Sequence[int]
    """Where values stand that are stored as hex, and as JSON."""
    stamps: int


def write(connection: sa.Connection, form: Form, rows: Sequence[Row], now: datetime) -> None:
    """Write rows, new ones as born now; see `hub.store.rows.write`."""
    if form.seldom:
        moved = [row for row in rows if _has_moved(row)]
        still = [row for row in rows if not _has_moved(row)]
        _write(connection, _plan(form), moved, now)
        _write(connection, _plan(_at_rest(form)), still, now)
    else:
        _write(connection, _plan(form), rows, now)


def _write(connection: sa.Connection, plan: _Plan, rows: Sequence[Row], now: datetime) -> None:
    stamps = [milliseconds(now)] * plan.stamps
    if rows:
        connection.exec_driver_sql(plan.text, [(*_values(plan, row), *stamps) for row in rows])


def _has_moved(row: Any) -> bool:
    return bool(row.moved)


@cache
def _at_rest(form: Form) -> Form:
    return replace(form, fixed=(*(form.fixed or ()), *form.seldom), seldom=())


def _values(plan: _Plan, row: Row) -> list[Any]:
    pick = plan.of_mapping if isinstance(row, Mapping) else plan.of_struct
    values = list(pick(row))
    for place in plan.ids:
        value = values[place]
        if value is not None and not isinstance(value, str):
            values[place] = value.hex
    for place in plan.documents:
        if values[place] is not None:
            values[place] = encode(values[place]).decode()
    return values


@cache
def _plan(form: Form) -> _Plan:
    names = [*form.names, *form.stamps]
    # SQLite takes the ON of a conflict for a join's when no WHERE comes before it.
    given: Any = sa.select(*(sa.bindparam(name) for name in names)).where(sa.true())
    insert = sqlite.insert(form.table).from_select(names, given)
    compiled: Any = form.or_update(insert).compile(dialect=sqlite.dialect(paramstyle="qmark"))
    types = [form.table.c[name].type for name in form.names]
    return _Plan(
        text=str(compiled),
        of_struct=attrgetter(*form.names),
        of_mapping=itemgetter(*form.names),
        ids=[i for i, type_ in enumerate(types) if isinstance(type_, sa.Uuid)],
        documents=[i for i, type_ in enumerate(types) if isinstance(type_, sa.JSON)],
        stamps=len(form.stamps),
    )
