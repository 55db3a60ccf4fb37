"""Many rows, one statement: the whole batch travels as one table-valued JSON parameter.

`incoming` is that parameter seen as a table. PostgreSQL unfolds it with `json_to_recordset`,
SQLite with `json_each`; a statement built over it is compiled once and serves one row or a
hundred (docs/decisions/0003).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, JSONB

Row = Mapping[str, Any]
Column = sa.Column[Any]
Build = Callable[[str], sa.Executable]

# The hex form of an id is what SQLite stores, and PostgreSQL reads it too.
_encode = msgspec.json.Encoder(uuid_format="hex").encode
_PARAMETER = sa.bindparam("rows", type_=sa.Text())


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


def run(connection: sa.Connection, build: Build, rows: Sequence[Row]) -> sa.CursorResult[Any]:
    """Run the statement that `build(dialect)` makes over these rows."""
    statement = build(connection.dialect.name)
    return connection.execute(statement, {"rows": _encode(rows).decode()})


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns; a unique violation fails them all."""
    if rows:
        names = tuple(rows[0])
        statement = _insert(connection.dialect.name, table, names)
        connection.execute(statement, {"rows": _encode(rows).decode()})


def update(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Update rows; each holds its primary key's columns beside the new values."""
    if rows:
        statement = _update(connection.dialect.name, table, tuple(rows[0]))
        connection.execute(statement, {"rows": _encode(rows).decode()})


@cache
def _insert(dialect: str, table: sa.Table, names: tuple[str, ...]) -> sa.Insert:
    source = incoming(dialect, *(table.c[name] for name in names))
    return sa.insert(table).from_select(names, sa.select(*source.c))


@cache
def _update(dialect: str, table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    source = incoming(dialect, *(table.c[name] for name in names))
    keys = [column.name for column in table.primary_key]
    matches = sa.and_(*(table.c[key] == source.c[key] for key in keys))
    values = {name: source.c[name] for name in names if name not in keys}
    return sa.update(table).where(matches).values(values)


def _postgres_type(column: Column) -> sa.types.TypeEngine[Any]:
    return JSONB() if isinstance(column.type, sa.JSON) else column.type
