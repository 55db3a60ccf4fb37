"""Many rows, one statement: the whole batch travels as one table-valued JSON parameter.

`incoming` is that parameter seen as a table. PostgreSQL unfolds it with `json_to_recordset`,
SQLite with `json_each`; a statement built over it is compiled once and serves one row or a
hundred (docs/decisions/0003). Rows are Structs or mappings; what a statement does not name of
them is left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSON, JSONB

from hub.store.tables import Instant, milliseconds

Row = Struct | Mapping[str, Any]
Column = sa.Column[Any]
Build = Callable[[str], sa.Executable]
Names = tuple[str, ...]
Record = Sequence[Any]

# The hex form of an id is what SQLite stores, and PostgreSQL reads it too.
_encode = msgspec.json.Encoder(uuid_format="hex").encode
_PARAMETER = sa.bindparam("rows", type_=sa.Text())
_NOW = sa.bindparam("now", type_=sa.BigInteger())
_TOUCHED = "updated_at"
_STAMPS = ("created_at", _TOUCHED, "available_at")


class Form(Struct, frozen=True):
    """Which columns of a table are written from the fields of a row."""

    table: sa.Table
    names: Names
    fixed: Names = ()
    """Written with a new row only."""


def incoming(dialect: str, *columns: Column) -> sa.FromClause:
    """Return the parameter `rows` as a table with the names and types of these columns."""
    if dialect == "postgresql":
        recordset = sa.func.json_to_recordset(sa.cast(_PARAMETER, JSON))
        typed = [sa.column(column.name, _postgres_type(column)) for column in columns]
        return recordset.table_valued(*typed).render_derived(name="incoming", with_types=True)
    each = sa.func.json_each(_PARAMETER).table_valued("value", name="each")
    picked = [
        sa.type_coerce(
            sa.func.json_extract(each.c.value, sa.literal_column(f"'$.{column.name}'")),
            column.type,
        ).label(column.name)
        for column in columns
    ]
    return sa.select(*picked).subquery("incoming")


def for_each(
    dialect: str, wanted: sa.FromClause, found: sa.Select[tuple[object, ...]]
) -> sa.Select[tuple[object, ...]]:
    """Return what `found`, which speaks of one row of `wanted`, finds for every row of it.

    PostgreSQL is told to go from row to row by an index. Left to itself it plans for the table as
    it was when it planned last, and reads a table that has grown since then from end to end.
    """
    if dialect != "postgresql":
        return found
    fenced = found.offset(sa.literal_column("0")).correlate(wanted).lateral("found")
    return sa.select(*fenced.c).select_from(wanted.join(fenced, sa.true()))


def plain(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column whose moments are read as the milliseconds that they are stored as."""
    if isinstance(column.type, Instant):
        return sa.type_coerce(column, sa.BigInteger()).label(column.key)
    return column


def run(connection: sa.Connection, build: Build, rows: Sequence[Row]) -> sa.CursorResult[Any]:
    """Run the statement that `build(dialect)` makes over these rows."""
    statement = build(connection.dialect.name)
    return connection.execute(statement, {"rows": _encode(rows).decode()})


def read(connection: sa.Connection, build: Build, rows: Sequence[Row]) -> Sequence[Record]:
    """Run a statement like `run`, and return all that it finds, by position."""
    found: Any = run(connection, build, rows).all()
    return cast("Sequence[Record]", found)


def insert(connection: sa.Connection, form: Form, rows: Sequence[Row], now: datetime) -> None:
    """Insert rows, born now; a unique violation fails them all."""
    _write(connection, _insert(connection.dialect.name, form.table, form.names), rows, now)


def upsert(connection: sa.Connection, form: Form, rows: Sequence[Row], now: datetime) -> None:
    """Insert rows, or update those whose primary key is there already.

    A violation of any other unique index fails them all.
    """
    _write(connection, _upsert(connection.dialect.name, form), rows, now)


def update(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows; each holds its primary key's columns beside the new values."""
    if rows:
        statement = _update(connection.dialect.name, table, tuple(rows[0]))
        connection.execute(statement, {"rows": _encode(rows).decode()})


def _write(
    connection: sa.Connection, statement: sa.Executable, rows: Sequence[Row], now: datetime
) -> None:
    if rows:
        given = {"rows": _encode(rows).decode(), "now": milliseconds(now)}
        connection.execute(statement, given)


@cache
def _insert(dialect: str, table: sa.Table, names: Names) -> Any:
    source = incoming(dialect, *(table.c[name] for name in names))
    stamps = [name for name in _STAMPS if name in table.c]
    values = [*source.c, *(_NOW.label(name) for name in stamps)]
    # SQLite takes the ON of a conflict for a join's when no WHERE comes before it.
    rows = sa.select(*values).where(sa.true())
    write = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return write(table).from_select([*names, *stamps], rows)


@cache
def _upsert(dialect: str, form: Form) -> sa.Executable:
    table, statement = form.table, _insert(dialect, form.table, form.names)
    keys = [column.name for column in table.primary_key]
    changing = [name for name in form.names if name not in {*keys, *form.fixed}]
    values = {name: statement.excluded[name] for name in [*changing, _TOUCHED] if name in table.c}
    done: sa.Executable = statement.on_conflict_do_update(index_elements=keys, set_=values)
    return done


@cache
def _update(dialect: str, table: sa.Table, names: Names) -> sa.Update:
    source = incoming(dialect, *(table.c[name] for name in names))
    keys = [column.name for column in table.primary_key]
    matches = sa.and_(*(table.c[key] == source.c[key] for key in keys))
    values = {name: source.c[name] for name in names if name not in keys}
    return sa.update(table).where(matches).values(values)


def _postgres_type(column: Column) -> sa.types.TypeEngine[Any]:
    return JSONB() if isinstance(column.type, sa.JSON) else column.type
