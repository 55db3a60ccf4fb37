"""Rows as PostgreSQL takes them: each column one array, and once what all rows have in common.

An array is read there at a third of the price of JSON, and most columns of a batch are the same in
every row: its business, its channel, its key. Arrays go as the text that PostgreSQL itself writes
(its documentation, 8.15.6), which costs the driver next to nothing, and how long they are the
planner does not see: a plan that is kept serves one row and a hundred.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy.dialects.postgresql import JSONB

from hub import ids
from hub.store.forms import Names, Row, encode

Column = sa.Column[Any]

_PLACES, _EACH, _ALL = "places__", "each__", "all__"
# Stands between texts until they are quoted: seldom in one, and noticed there.
_BETWEEN = "\x1f"
_PLAIN = frozenset({int, bool, UUID, cast("type", ids.made), type(None)})


class _Place(Struct, frozen=True):
    """A column that is sent, and the names of its two parameters."""

    column: str
    each: str
    all: str


def incoming(parameter: str, columns: Sequence[Column]) -> sa.FromClause:
    """Return the rows that `values` gives for this parameter as a table, typed as these columns."""
    # A row of its own, fenced: read once, and the planner does not see how long its arrays are.
    sent = (
        sa.select(
            sa.cast(_parameter(_PLACES, parameter), sa.ARRAY(sa.Integer())).label(_PLACES),
            *(one for column in columns for one in _sent(parameter, column)),
        )
        .offset(sa.literal_column("0"))
        .subquery(f"sent_{parameter}")
    )
    arrays = [sent.c[f"{_EACH}{column.name}"] for column in columns]
    names = [sa.column(column.name, _type(column)) for column in columns]
    each = (
        sa.func.unnest(sent.c[_PLACES], *arrays)
        .table_valued("place", *names)
        .render_derived(name=f"each_{parameter}")
    )
    # What all rows share has no array, and so is null in each of the places.
    picked = (
        sa.func.coalesce(each.c[column.name], sent.c[f"{_ALL}{column.name}"]).label(column.name)
        for column in columns
    )
    return sa.select(*picked).select_from(sent.join(each, sa.true())).subquery("incoming")


def values(names: Sequence[str], tables: Mapping[str, Sequence[Row]]) -> dict[str, str | None]:
    """Return what a statement with parameters of these names is given for its tables of rows."""
    found: dict[str, str | None] = {}
    for parameter, sent in _told(tuple(names)).items():
        rows = tables[parameter]
        found[f"{_PLACES}{parameter}"] = _places(len(rows))
        for one, column in zip(sent, _columns(rows, sent), strict=True):
            first = column[0]
            shared = first == column[-1] and column.count(first) == len(column)
            found[one.each] = None if shared else _array(column)
            found[one.all] = _text(first) if shared else None
    return found


def _sent(parameter: str, column: Column) -> Iterator[sa.ColumnElement[Any]]:
    """Yield a column's array, and what all of its rows share."""
    name, type_ = column.name, _type(column)
    each = _parameter(_EACH, f"{parameter}__{name}")
    yield sa.cast(each, sa.ARRAY(type_)).label(f"{_EACH}{name}")
    shared = _parameter(_ALL, f"{parameter}__{name}")
    yield sa.cast(shared, type_).label(f"{_ALL}{name}")


def _parameter(form: str, place: str) -> sa.BindParameter[str]:
    return sa.bindparam(f"{form}{place}", type_=sa.Text())


def _type(column: Column) -> sa.types.TypeEngine[Any]:
    """Return the type to read a value as: a text without its bound, for a cast would cut it off."""
    if isinstance(column.type, sa.JSON):
        return JSONB()
    return sa.Text() if isinstance(column.type, sa.String) else column.type


@cache
def _told(names: Names) -> Mapping[str, Sequence[_Place]]:
    """Return the columns of each table, as the names of a statement's parameters tell them."""
    found: dict[str, list[_Place]] = {}
    for name in names:
        if name.startswith(_EACH):
            place = name.removeprefix(_EACH)
            parameter, column = place.split("__")
            found.setdefault(parameter, []).append(_Place(column, name, f"{_ALL}{place}"))
    return found


@cache
def _places(number: int) -> str:
    return f"{{{','.join('0' * number)}}}"


def _columns(rows: Sequence[Row], sent: Sequence[_Place]) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each of these columns."""
    if not isinstance(rows[0], Struct):
        return (tuple(row[one.column] for row in cast("Sequence[Any]", rows)) for one in sent)
    every = zip(*map(astuple, cast("Sequence[Struct]", rows)), strict=True)
    columns = dict(zip(rows[0].__struct_fields__, every, strict=True))
    return (columns[one.column] for one in sent)


def _array(column: Sequence[Any]) -> str:
    try:
        texts = _BETWEEN.join(column)
    except TypeError:
        # Ids and numbers are written in JSON as they are here, and by a faster hand.
        plain = _PLAIN.issuperset(map(type, column))
        return f"{{{encode(column).decode()[1:-1]}}}" if plain else _one_by_one(column)
    if texts.count(_BETWEEN) >= len(column):
        return _one_by_one(column)
    between = _quoted(texts).replace(_BETWEEN, '","')
    return f"{{{between}}}"


def _one_by_one(column: Sequence[Any]) -> str:
    texts = ("NULL" if text is None else _quoted(text) for text in map(_text, column))
    return f"{{{','.join(texts)}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return encode(value).decode().strip('"')
