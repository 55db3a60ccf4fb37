"""SQLite: one server on one file."""

import asyncio
import contextlib
import fcntl
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import exc

from hub import ids
from hub.errors import SettingError
from hub.store.database import T, Trouble, Work, translated
from hub.store.gate import Gate
from hub.store.room import Room
from hub.store.upkeep import LOG_BYTES, LOG_PAGES, PATIENCE_MILLISECONDS, Upkeep, trouble_of_disk

READERS = 4
WRITER_KIB = 16 * 1024
"""Pages that the writer remembers: with the usual 2 MiB it reads each a second time."""

_TRIES, _PAUSE_SECONDS = 20, (0.01, 0.1)


class SqliteDatabase:
    """SQLite in one file: one writer thread, some readers, WAL, an fsync at every commit."""

    def __init__(self, file: Path) -> None:
        """Open the file, making it and its folder when they are not there.

        Raises `SettingError` when it is being upgraded and that takes longer than a moment.
        """
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._gate = Gate(file)
        self._gate.enter()
        # Before the first connection: on a full disk there would be none.
        self._room = Room(file)
        # Upkeep has a thread of its own, and so a connection.
        self._reading = sqlite_engine(file, READERS + 1)
        # The writer's stays the same: what it remembers of the file is true as long as no other
        # connection writes.
        self._writing = sqlite_engine(file, 1, cache_size=-WRITER_KIB)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")
        self._upkeep = Upkeep(file, self._reading, self._writing, self._writer, self._room)

    @property
    def trouble(self) -> Trouble | None:
        """Say why calls are refused at the moment; None when they are not."""
        return self._room.trouble

    def tend(self) -> None:
        """Look after disk and log from now on, until `close`: for the process that serves."""
        self._upkeep.start()

    @contextlib.contextmanager
    def set_aside(self) -> Iterator[None]:
        """Have the file not open meanwhile, so that another can be put in its place."""
        self._dispose()
        self._gate.leave()
        try:
            yield
        finally:
            self._gate.enter()

    async def write(self, work: Work[T]) -> T:
        """Run work in one transaction that is committed, durably, before this returns."""
        return await self._run(self._writer, self._write, work)

    async def write_at_once(self, work: Work[T]) -> T:
        """Run work in one transaction: there is one writer."""
        return await self.write(work)

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, on one snapshot of what is committed."""
        return await self._run(self._readers, self._read, work)

    async def close(self) -> None:
        """Finish what is running and close the file."""
        for end in (self._upkeep.stop, self._writer.shutdown, self._readers.shutdown):
            await asyncio.to_thread(end)
        self._dispose()
        self._gate.close()

    @staticmethod
    async def _run(threads: ThreadPoolExecutor, run: Callable[[Work[T]], T], work: Work[T]) -> T:
        with translated():
            return await asyncio.get_running_loop().run_in_executor(threads, run, work)

    def _write(self, work: Work[T]) -> T:
        try:
            with self._writing.execution_options(hub_write=True).begin() as connection:
                result = work(connection)
        except exc.DBAPIError as error:
            trouble = trouble_of_disk(error)
            if trouble is None:
                raise
            self._room.refused(trouble)
            raise trouble.refusal() from error
        self._upkeep.note_commit()
        return result

    def _read(self, work: Work[T]) -> T:
        with self._reading.begin() as connection:
            return work(connection)

    def _dispose(self) -> None:
        self._reading.dispose()
        self._writing.dispose()


class _Id(sa.Uuid[UUID]):
    """An id as it is read a dozen times for a message."""

    def result_processor(self, _dialect: Any, _kind: Any) -> Callable[[str | None], UUID | None]:
        """Make it of its hex text."""
        made = ids.made
        return lambda text: None if text is None else made(text)


def sqlite_engine(file: Path, connections: int = 1, **pragmas: int) -> sa.Engine:
    """Make an engine whose every connection is durable (`synchronous=FULL`) and waits for locks."""
    engine = sa.create_engine(f"sqlite:///{file}", pool_size=connections, hide_parameters=True)
    engine.dialect.colspecs = {**engine.dialect.colspecs, sa.Uuid: _Id}

    @sa.event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late for us: `begin` below says which kind it is.
        raw.isolation_level = None
        for pragma in (
            # First, so that the next one waits too: it locks the file.
            f"busy_timeout={PATIENCE_MILLISECONDS}",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"journal_size_limit={LOG_BYTES}",
            f"wal_autocheckpoint={LOG_PAGES}",
            *(f"{name}={value}" for name, value in pragmas.items()),
        ):
            raw.execute(f"PRAGMA {pragma}").close()
        _write_ahead(raw)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # IMMEDIATE: a writer waits for the lock at once instead of failing when it upgrades.
        writes = connection.get_execution_options().get("hub_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(raw: Any) -> None:
    """Have the file keep its log apart, which it remembers.

    Of several that tell a new file so at the same moment all but one may be refused at once, for
    waiting for each other would have no end (https://sqlite.org/c3ref/busy_handler.html).
    """
    for _ in range(_TRIES):
        try:
            raw.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - no secret
        else:
            return
    raw.execute("PRAGMA journal_mode=WAL").close()


def hold(file: Path) -> IO[str]:
    """Take the one server's lock on a SQLite file; refuse when another server has it.

    The lock lives as long as the returned handle, and dies with the process.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = file.with_suffix(file.suffix + ".lock").open("a", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise SettingError(
            f"database_url: another server runs on {file}; many servers need PostgreSQL"
        ) from error
    return handle
