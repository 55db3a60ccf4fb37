"""SQLite's log begins anew although readers never pause, and waits for none that stays."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub.store import upkeep
from hub.store.sqlite import SqliteDatabase

MIB = 1 << 20
PAGE_BYTES = 4096
READ_SECONDS = 0.02


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
def reading(file: Path, readers: int = 3) -> Iterator[None]:
    """Have readers that overlap: at every moment one of them is in the log."""
    stopping = threading.Event()

    def read() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            while not stopping.is_set():
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM t").fetchone()
                stopping.wait(READ_SECONDS)
                connection.execute("COMMIT")

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


async def test_log_begins_anew_between_busy_readers(kept: Kept) -> None:
    """The writer waits a moment for those in the log; it is empty soon."""
    with reading(kept.file):
        await kept.write(300)
        assert kept.log_bytes > MIB
        looks = 0
        # Once a second it looks; on a machine that is busy otherwise one wait may be too short.
        while kept.log_bytes and looks < 10:
            kept.look()
            looks += 1
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


async def test_reader_who_stays_is_not_waited_for(kept: Kept) -> None:
    """No commit is held up for an export that takes its time; once it is gone, all is well."""
    with closing(sqlite3.connect(kept.file, isolation_level=None)) as export:
        export.execute("BEGIN")
        export.execute("SELECT count(*) FROM t").fetchone()
        await kept.write(300)
        began = time.monotonic()
        kept.look()
        assert time.monotonic() - began < upkeep.READERS_MILLISECONDS / 1000
        assert kept.log_bytes > MIB
        export.execute("COMMIT")
    kept.look()

    assert kept.log_bytes == 0


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
