"""Rows on their way into a statement of PostgreSQL: what it sees is what was given."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec import defstruct

from hub import ids
from hub.store import rows
from hub.store.database import Contended, Rejected
from hub.store.postgres import PostgresDatabase
from hub.store.questions import ask
from hub.store.tables import message
from hub.store.write import identities, messages

pytestmark = pytest.mark.server

Shown = defstruct("Shown", ("id", "seq", "body", "template"))
NOW = datetime(2026, 7, 1, tzinfo=UTC)
FIRST, SECOND = ids.new(), ids.new()
MARKS = [
    "",
    " ",
    "null",
    "NULL",
    "{}",
    "a,b",
    '"',
    '\\"',
    "\\",
    "\n\t",
    "\x1f",
    "a\x1fb\x1e",
    "é🙂",
]
DOCUMENTS = [None, {}, {"a": 'b"\\\n\x1f'}, {"n": [1, None, True]}]
BATCHES = {
    "each text": [Shown(ids.new(), n, text, None) for n, text in enumerate(MARKS)],
    "each text, and none": [Shown(None, None, text, None) for text in [*MARKS, None]],
    "none, and each text": [Shown(None, n, text, {}) for n, text in enumerate([None, *MARKS])],
    "each with each": [Shown(FIRST, 7, *pair) for pair in product(MARKS, DOCUMENTS)],
    "ids as text": [Shown(FIRST.hex, -1, "a", None), Shown(SECOND, 2**31 - 1, "b", None)],
    "no id in one": [Shown(None, 0, "", None), Shown(SECOND, 0, "", None)],
    "all the same": [Shown(FIRST, 1, "", {"a": 1})] * 128,
    "nothing at all": [Shown(None, None, None, None)] * 3,
    **{f"{text!r} alone": [Shown(FIRST, 1, text, {"text": text})] for text in MARKS},
}


@pytest.fixture
async def database(postgres_database_url: str) -> AsyncIterator[PostgresDatabase]:
    """Open an empty database."""
    database = PostgresDatabase(postgres_database_url)
    yield database
    await database.close()


@pytest.mark.parametrize("batch", BATCHES.values(), ids=list(BATCHES))
async def test_every_value_arrives(database: PostgresDatabase, batch: Sequence[Any]) -> None:
    """By itself and among others: ids, numbers, texts with every mark in them, documents, none."""
    given = [(_hex(row.id), row.seq, row.body, row.template) for row in batch]

    assert await _seen(database, batch) == given
    assert await _seen(database, [_mapping(row) for row in batch]) == given


async def test_plan_is_kept_whatever_the_batch(database: PostgresDatabase) -> None:
    """A statement is planned anew for its first five runs alone: its arrays are not looked at."""
    kept = sa.text(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements "
        "WHERE statement LIKE '%each_rows%' AND statement NOT LIKE '%pg_prepared%'"
    )

    def work(connection: sa.Connection) -> list[tuple[int, int]]:
        for number in range(20):
            some = [str(one) for one in range(1 + number % 3)]
            claims = identities.owned((FIRST, "phone", one) for one in some)
            ask(connection, claims, messages.repeated((FIRST, "api", one) for one in some))
        return [tuple(row) for row in connection.execute(kept)]

    assert await database.read(work) == [(15, 5)]


@pytest.mark.parametrize("alone", [True, False])
async def test_text_that_does_not_fit_is_refused(
    database: PostgresDatabase, *, alone: bool
) -> None:
    """Nothing is cut off to make it fit, nor is a zero byte dropped."""
    form = rows.Form(message, ("organization_id", "id", "channel"))
    for channel, refusal in (("c" * 64, Rejected), ("a\0", Rejected), ("fits", Contended)):
        new = [{"organization_id": FIRST, "id": FIRST, "channel": channel}]
        if not alone:
            new.append({"organization_id": FIRST, "id": SECOND, "channel": "other"})
        write = [rows.Write(form, new)]
        # What fits is refused for all that the row lacks.
        with pytest.raises(refusal):
            await database.write(lambda c, write=write: rows.write(c, write, NOW))


def _everything(way: rows.Way) -> sa.Select[Any]:
    m = message.c
    return sa.select(*rows.incoming(way, m.id, m.seq, m.body, m.template).c)


async def _seen(database: PostgresDatabase, batch: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return what a statement sees of these rows, in their order."""
    found = await database.read(lambda c: rows.read(c, _everything, batch))
    return [(_hex(id_), *others) for id_, *others in found]


def _mapping(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _hex(value: Any) -> str | None:
    return getattr(value, "hex", value)
