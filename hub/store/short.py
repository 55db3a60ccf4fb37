"""The short way of a statement: its text straight to asyncpg, its records straight back.

What SQLAlchemy does around each execution (a context, a cursor, descriptions of columns, a result)
costs a batch of messages more than reading and deciding. A statement is still made and compiled by
it, once, and an error still takes all of its way.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, NoReturn

import sqlalchemy as sa
from sqlalchemy.util import await_only

Record = Sequence[Any]


def records(
    connection: sa.Connection, statement: sa.Executable, values: Mapping[str, Any]
) -> Sequence[Record] | None:
    """Run a statement and return what it finds, by position, as the driver has it.

    None when there is no short way: on SQLite.
    """
    adapted: Any = connection.connection.dbapi_connection
    if connection.dialect.driver != "asyncpg":
        return None
    text, names, fixed = compiled(statement)
    arguments = [values[name] if name in values else fixed[name] for name in names]
    try:
        if not adapted.autocommit and adapted._transaction is None:  # noqa: SLF001
            if not connection.in_transaction():
                connection.begin()
            await_only(adapted._start_transaction())  # noqa: SLF001 - what its own cursor does first
        found: Sequence[Record] = await_only(adapted.driver_connection.fetch(text, *arguments))
    except Exception as error:  # noqa: BLE001 - whatever it is, SQLAlchemy gives it its name
        _raise_the_long_way(connection, adapted, text, error)
    return found


def _raise_the_long_way(
    connection: sa.Connection, adapted: Any, text: str, error: Exception
) -> NoReturn:
    """Raise what SQLAlchemy would have raised, with all that it does to the connection."""
    try:
        adapted._handle_exception(error)  # noqa: SLF001 - what its own cursor calls
    except Exception as named:  # noqa: BLE001
        connection._handle_dbapi_exception(named, text, None, None, None)  # noqa: SLF001
    raise error


class Compiled(NamedTuple):
    """A statement as the driver takes it."""

    text: str
    names: Sequence[str]
    """Of its parameters, in order."""
    fixed: Mapping[str, Any]
    """Values of parameters that it was made with."""


@cache
def compiled(statement: sa.Executable) -> Compiled:
    """Return a statement's text and parameters for asyncpg."""
    from sqlalchemy.dialects.postgresql import asyncpg  # noqa: PLC0415 - not for SQLite

    made: Any = statement.compile(dialect=asyncpg.dialect())  # type: ignore[attr-defined,no-untyped-call]
    return Compiled(str(made), tuple(made.positiontup), made.params)
