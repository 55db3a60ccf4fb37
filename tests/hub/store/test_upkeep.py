"""SQLite's log begins anew although readers never pause, and waits for none that stays."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.store import upkeep
from hub.store.sqlite import SqliteDatabase

MIB = 1 << 20
PAGE_BYTES = 4096


class Kept:
    """A database with a table, its log, and what looks after it."""

    def __init__(self, file: Path) -> None:
        """Open it; the test itself says when it is looked after."""
        self.file = file
        self.database = SqliteDatabase(file)
        self.look = self.database._upkeep._shorten_log

    @property
    def log_bytes(self) -> int:
        """Return how long the log is."""
        return self.file.with_name("hub.db-wal").stat().st_size

    async def write(self, pages: int) -> None:
        """Change so many pages, one transaction each."""
        for _ in range(pages):
            await self.database.write(
                lambda c: c.exec_driver_sql(f"INSERT INTO t VALUES (zeroblob({PAGE_BYTES}))")
            )


@pytest.fixture
async def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A database whose log is long when it has a mebibyte."""
    monkeypatch.setattr(upkeep, "LOG_BYTES", MIB)
    made = Kept(tmp_path / "hub.db")
    await made.database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (x)"))
    yield made
    await made.database.close()


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Have somebody read what is committed by now, until they commit or this ends."""
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM t").fetchone()
        yield reader


async def test_log_begins_anew_between_readers_who_never_pause(kept: Kept, monkeypatch) -> None:
    """The writer waits for who is in the log; who comes meanwhile needs it no more, and may stay.

    How long it waits is of no matter here: nobody knows how busy this machine is.
    """
    monkeypatch.setattr(upkeep, "READERS_MILLISECONDS", 60_000)
    waiting, begin = threading.Event(), kept.database._upkeep._begin_log_anew

    def begin_log_anew() -> None:
        waiting.set()
        begin()

    monkeypatch.setattr(kept.database._upkeep, "_begin_log_anew", begin_log_anew)
    await kept.write(300)
    with reading(kept.file) as first, ThreadPoolExecutor(1) as beside:
        look = beside.submit(kept.look)
        assert waiting.wait(60)
        with reading(kept.file):
            assert kept.log_bytes > MIB
            first.execute("COMMIT")
            look.result(60)
            assert kept.log_bytes == 0
    patience = await kept.database.write(
        lambda c: c.exec_driver_sql("PRAGMA busy_timeout").scalar()
    )
    assert patience == upkeep.PATIENCE_MILLISECONDS


async def test_short_log_is_left_alone(kept: Kept) -> None:
    """Beginning anew costs the writer a moment: a log below the mark is no reason."""
    await kept.write(10)
    before = kept.log_bytes
    kept.look()

    assert kept.log_bytes == before > 0


async def test_reader_who_stays_is_not_waited_for(kept: Kept, monkeypatch) -> None:
    """No commit is held up for an export that takes its time; once it is gone, all is well."""
    asked: list[str] = []
    run = upkeep._pragma

    def pragma(engine: sa.Engine, *pragmas: str) -> tuple[int, ...]:
        asked.extend(pragmas)
        return run(engine, *pragmas)

    monkeypatch.setattr(upkeep, "_pragma", pragma)
    with reading(kept.file) as export:
        await kept.write(300)
        kept.look()
        assert asked == ["wal_checkpoint(PASSIVE)"]
        assert kept.log_bytes > MIB
        export.execute("COMMIT")
    kept.look()

    assert kept.log_bytes == 0


async def test_long_log_is_looked_at_when_it_is_written(kept: Kept, monkeypatch) -> None:
    """A busy hub writes many times what the log may have between two looks."""
    monkeypatch.setattr(upkeep, "SECONDS", 60.0)
    looked = threading.Event()
    monkeypatch.setattr(kept.database._upkeep, "_shorten_log", looked.set)
    kept.database.tend()
    await kept.write(10)
    assert not looked.is_set()

    await kept.write(300)

    assert looked.wait(30)


async def test_upkeep_goes_on_after_a_fault_and_ends_with_the_database(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails once is tried again; `close` waits for the thread."""
    monkeypatch.setattr(upkeep, "SECONDS", 0.01)
    done = threading.Event()
    calls = []

    def look(_: object) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("a fault")
        done.set()

    monkeypatch.setattr(kept.database._room, "look", look)
    kept.database.tend()

    assert done.wait(10)
    await kept.database.close()
    assert not kept.database._upkeep._thread.is_alive()
