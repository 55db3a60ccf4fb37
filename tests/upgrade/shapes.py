"""What a schema is, said so that two can be compared, and one row of everything to put in it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.store.tables import Instant

ONE_ID = UUID("0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1")
ONE_MOMENT = 1_767_225_600_000


def shape(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return every table's columns, keys and indexes, whatever order they were made in."""
    inspector = sa.inspect(connection)
    names = [name for name in inspector.get_table_names() if name != "alembic_version"]
    return {name: _table(inspector, name, connection.dialect) for name in names}


def one_row(table: sa.Table) -> dict[str, Any]:
    """Return values for every column of a table, the same ones each time."""
    return {column.name: _value(column) for column in table.columns}


def _table(inspector: sa.Inspector, name: str, dialect: sa.Dialect) -> dict[str, Any]:
    columns = {
        column["name"]: (column["type"].compile(dialect), column["nullable"], column["default"])
        for column in inspector.get_columns(name)
    }
    foreign = inspector.get_foreign_keys(name)
    return {
        "columns": columns,
        "primary": inspector.get_pk_constraint(name)["constrained_columns"],
        "foreign": sorted((f["constrained_columns"], f["referred_table"]) for f in foreign),
        "unique": sorted(u["column_names"] for u in inspector.get_unique_constraints(name)),
        "indexes": {index["name"]: _index(index) for index in inspector.get_indexes(name)},
    }


def _index(index: Any) -> tuple[Any, ...]:
    where = {
        option: str(condition)
        for option, condition in index.get("dialect_options", {}).items()
        if option.endswith("_where")
    }
    return index["column_names"], bool(index["unique"]), where


def _value(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, Instant):
        return ONE_MOMENT
    if isinstance(column.type, sa.Uuid):
        return ONE_ID
    if isinstance(column.type, sa.JSON):
        return [] if column.name == "allowed_origins" else {}
    if isinstance(column.type, sa.Boolean):
        return True
    if isinstance(column.type, sa.Integer):
        return 1
    return {"state": "waiting", "country_code": "NL"}.get(column.name, column.name[:10])
