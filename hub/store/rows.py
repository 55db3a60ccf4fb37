"""Many rows, one statement: the whole batch travels as the parameters of one table.

`incoming` is that table. PostgreSQL unfolds it of a text for each column (`hub.store.arrays`),
SQLite of one JSON document; a statement built over it is compiled once and serves one row or a
hundred (docs/decisions/0003). Rows are Structs or mappings; what a statement does not name of
them is left alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects import postgresql

from hub.store import arrays, short, tuples
from hub.store.forms import Form, Names, Row, Write, encode
from hub.store.short import Record
from hub.store.tables import Instant, milliseconds

__all__ = [
    "Build",
    "Form",
    "Row",
    "Way",
    "Write",
    "for_each",
    "given",
    "incoming",
    "plain",
    "read",
    "run",
    "update",
    "write",
]

Column = sa.Column[Any]


class Way(Struct, frozen=True):
    """How a statement is made: for which database, from which parameter, locking what it reads."""

    dialect: str
    parameter: str = "rows"
    locking: bool = False


Build = Callable[[Way], Any]
"""Makes a statement; cached, so that one text is compiled once."""

_NOW = sa.bindparam("now", type_=sa.BigInteger())


def incoming(way: Way, *columns: Column) -> sa.FromClause:
    """Return the parameter as a table with the names and types of these columns."""
    if way.dialect == "postgresql":
        return arrays.incoming(way.parameter, columns)
    document = sa.bindparam(way.parameter, type_=sa.Text())
    each = sa.func.json_each(document).table_valued("value", name="each")
    picked = [
        sa.type_coerce(
            sa.func.json_extract(each.c.value, sa.literal_column(f"'$.{column.name}'")),
            column.type,
        ).label(column.name)
        for column in columns
    ]
    return sa.select(*picked).subquery("incoming")


def for_each(
    way: Way, wanted: sa.FromClause, found: sa.Select[Any], locks: sa.Table | None = None
) -> sa.Select[Any]:
    """Return what `found`, which speaks of one row of `wanted`, finds for every row of it.

    In a transaction the rows of `locks` that are found are locked, in the order of `wanted`.

    PostgreSQL is told to go from row to row by an index. Left to itself it plans for the table as
    it was when it planned last, and reads a table that has grown since then from end to end.
    """
    if way.dialect != "postgresql":
        return found
    if way.locking and locks is not None:
        found = found.with_for_update(of=locks)
    fenced = found.offset(sa.literal_column("0")).correlate(wanted).lateral("found")
    return sa.select(*fenced.c).select_from(wanted.join(fenced, sa.true()))


def plain(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column whose moments are read as the milliseconds that they are stored as."""
    if isinstance(column.type, Instant):
        return sa.type_coerce(column, sa.BigInteger()).label(column.key)
    return column


def run(connection: sa.Connection, build: Build, rows: Sequence[Row]) -> sa.CursorResult[Any]:
    """Run the statement that `build(way)` makes over these rows."""
    statement = build(way_of(connection))
    return connection.execute(statement, given(connection, statement, {"rows": rows}))


def read(connection: sa.Connection, build: Build, rows: Sequence[Row]) -> Sequence[Record]:
    """Run a statement like `run`, and return all that it finds, by position."""
    statement = build(way_of(connection))
    values = given(connection, statement, {"rows": rows})
    found = short.records(connection, statement, values)
    if found is None:
        found = cast("Sequence[Record]", connection.execute(statement, values).all())
    return found


def way_of(connection: sa.Connection) -> Way:
    """Return how statements are made for this connection."""
    dialect = connection.dialect.name
    return Way(dialect, locking=dialect == "postgresql" and not is_unlocked(connection))


def is_unlocked(connection: sa.Connection) -> bool:
    """Tell whether this work has no transaction: what it reads may be old when it writes."""
    adapted: Any = connection.connection.dbapi_connection
    return connection.dialect.name == "postgresql" and adapted.autocommit


def write(connection: sa.Connection, writes: Iterable[Write], now: datetime) -> None:
    """Write all of these rows, new ones as born now.

    On PostgreSQL that is one statement, for each costs a way there and back. Its parts see nothing
    of each other, so none may need what another one frees. Their order matters for locks alone: it
    is that of `writes`, as PostgreSQL does it, without a promise.
    SQLite is in the house: it takes the rows of each table as they are.
    """
    wanted = [write for write in writes if write.rows]
    if connection.dialect.name != "postgresql":
        for one in wanted:
            tuples.write(connection, one.form, one.rows, now)
    elif wanted:
        statement = _writing(tuple(one.form for one in wanted))
        tables = {f"rows{i}": one.rows for i, one in enumerate(wanted)}
        values = {**given(connection, statement, tables), "now": milliseconds(now)}
        if short.records(connection, statement, values) is None:
            connection.execute(statement, values)


def update(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows; each holds its primary key's columns beside the new values."""
    if rows:
        statement = _update(connection.dialect.name, table, tuple(rows[0]))
        connection.execute(statement, given(connection, statement, {"rows": rows}))


def given(
    connection: sa.Connection, statement: sa.Executable, tables: Mapping[str, Sequence[Row]]
) -> Mapping[str, Any]:
    """Return rows as the parameters that `incoming` unfolds in this statement."""
    if connection.dialect.name == "postgresql":
        return arrays.values(short.compiled(statement).names, tables)
    return {parameter: encode(rows).decode() for parameter, rows in tables.items()}


@cache
def _writing(forms: tuple[Form, ...]) -> Any:
    first, *others = [_written(form, f"rows{i}") for i, form in enumerate(forms)]
    # PostgreSQL does the main statement first, and of the others the last one first.
    for i, other in reversed(list(enumerate(others))):
        first = first.add_cte(other.cte(f"write{i}"))
    return first


def _written(form: Form, parameter: str) -> Any:
    columns = (form.table.c[name] for name in form.names)
    source = incoming(Way("postgresql", parameter), *columns)
    new = sa.select(*source.c, *(_NOW.label(name) for name in form.stamps))
    names = [*form.names, *form.stamps]
    return form.or_update(postgresql.insert(form.table).from_select(names, new))


@cache
def _update(dialect: str, table: sa.Table, names: Names) -> sa.Update:
    source = incoming(Way(dialect), *(table.c[name] for name in names))
    keys = [column.name for column in table.primary_key]
    matches = sa.and_(*(table.c[key] == source.c[key] for key in keys))
    values = {name: source.c[name] for name in names if name not in keys}
    return sa.update(table).where(matches).values(values)
