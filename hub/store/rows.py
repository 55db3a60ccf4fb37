"""Many rows, one statement: the whole batch travels as one table-valued JSON parameter.

`incoming` is that parameter seen as a table. PostgreSQL unfolds it with `json_to_recordset`,
SQLite with `json_each`; a statement built over it is compiled once and serves one row or a
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
from sqlalchemy.dialects.postgresql import JSON, JSONB

from hub.store import short, tuples
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
    "incoming",
    "plain",
    "read",
    "run",
    "text",
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
    document = sa.bindparam(way.parameter, type_=sa.Text())
    if way.dialect == "postgresql":
        recordset = sa.func.json_to_recordset(sa.cast(document, JSON))
        typed = [sa.column(column.name, _postgres_type(column)) for column in columns]
        return recordset.table_valued(*typed).render_derived(name="incoming", with_types=True)
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
    return connection.execute(build(way_of(connection)), {"rows": text(rows)})


def read(connection: sa.Connection, build: Build, rows: Sequence[Row]) -> Sequence[Record]:
    """Run a statement like `run`, and return all that it finds, by position."""
    statement, values = build(way_of(connection)), {"rows": text(rows)}
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
    given = [write for write in writes if write.rows]
    if connection.dialect.name != "postgresql":
        for one in given:
            tuples.write(connection, one.form, one.rows, now)
    elif given:
        values: dict[str, Any] = {f"rows{i}": text(one.rows) for i, one in enumerate(given)}
        values["now"] = milliseconds(now)
        statement = _writing(tuple(one.form for one in given))
        if short.records(connection, statement, values) is None:
            connection.execute(statement, values)


def update(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows; each holds its primary key's columns beside the new values."""
    if rows:
        statement = _update(connection.dialect.name, table, tuple(rows[0]))
        connection.execute(statement, {"rows": text(rows)})


def text(rows: Sequence[Row]) -> str:
    """Return rows as the parameter that `incoming` unfolds."""
    return encode(rows).decode()


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


def _postgres_type(column: Column) -> sa.types.TypeEngine[Any]:
    return JSONB() if isinstance(column.type, sa.JSON) else column.type
