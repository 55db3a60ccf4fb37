"""One way to run a transaction on either store.

A transaction is a plain function that takes a SQLAlchemy `Connection`. On PostgreSQL it runs in a
greenlet over asyncpg, on SQLite in the thread of the one writer or of a reader, so the same
statements serve both and no store function is async (docs/decisions/0002).
"""

import asyncio
import fcntl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from hub.errors import SettingError, Unavailable
from hub.settings import Settings

T = TypeVar("T")
Connection = sa.Connection
Work = Callable[[sa.Connection], T]

READERS = 4
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 3
POOL_SIZE = 8
# PostgreSQL: serialization failure and deadlock. The loser's work is run again.
_RERUN = {"40001", "40P01"}


class Contended(Exception):
    """Another transaction was first: run the same work again and find what it wrote."""


class Rejected(Exception):
    """The store refuses a value of this work; running it again changes nothing."""


class Database(Protocol):
    """Where everything is kept.

    Both verbs raise `Contended`, `Rejected`, or `Unavailable` when the store does not answer.
    """

    async def write(self, work: Work[T]) -> T:
        """Run work in one transaction that is committed, durably, before this returns."""

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, on what is committed."""

    async def close(self) -> None:
        """Give every connection back."""


class PostgresDatabase:
    """PostgreSQL through asyncpg: many processes, many hosts."""

    def __init__(self, url: str) -> None:
        """Connect lazily; every wait has an end."""
        # Imported here: it takes a third of a second that SQLite's start need not pay.
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

        self._engine = create_async_engine(
            url,
            # An error's text ends up in a log, where bodies and phone numbers have no place.
            hide_parameters=True,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_recycle=300,
            connect_args={"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS},
        )

    async def write(self, work: Work[T]) -> T:
        """Run work in one transaction that is committed, durably, before this returns."""
        with _translated():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, each statement on what is committed."""
        with _translated():
            async with self._engine.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()


class SqliteDatabase:
    """SQLite in one file: one writer thread, some readers, WAL, an fsync at every commit."""

    def __init__(self, file: Path) -> None:
        """Open the file, making it and its folder when they are not there."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = sqlite_engine(file)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")

    async def write(self, work: Work[T]) -> T:
        """Run work in one transaction that is committed, durably, before this returns."""
        return await self._run(self._writer, self._write, work)

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, on one snapshot of what is committed."""
        return await self._run(self._readers, self._read, work)

    async def close(self) -> None:
        """Finish what is running and close the file."""
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()

    @staticmethod
    async def _run(threads: ThreadPoolExecutor, run: Callable[[Work[T]], T], work: Work[T]) -> T:
        with _translated():
            return await asyncio.get_running_loop().run_in_executor(threads, run, work)

    def _write(self, work: Work[T]) -> T:
        with self._engine.execution_options(hub_write=True).begin() as connection:
            return work(connection)

    def _read(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)


@contextmanager
def _translated() -> Iterator[None]:
    """Say in our words what the driver says in its own."""
    try:
        yield
    except exc.IntegrityError as error:
        raise Contended from error
    except exc.DBAPIError as error:
        raise _in_our_words(error) from error
    except (exc.TimeoutError, OSError, TimeoutError) as error:
        raise Unavailable("The database does not answer, try again") from error


def _in_our_words(error: exc.DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    if state in _RERUN:
        return Contended()
    if isinstance(error, exc.DataError) or (state or "").startswith("22"):
        return Rejected(str(error.orig))
    if isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated:
        return Unavailable("The database does not answer, try again")
    return error


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name."""
    if settings.embedded:
        return SqliteDatabase(settings.database_file)
    return PostgresDatabase(settings.database_url)


def sqlite_engine(file: Path) -> sa.Engine:
    """Make an engine whose every connection is durable (`synchronous=FULL`) and waits for locks."""
    engine = sa.create_engine(
        f"sqlite:///{file}", pool_size=READERS + 1, max_overflow=2, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late for us: `begin` below says which kind it is.
        raw.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=5000",
            "foreign_keys=ON",
            "journal_size_limit=67108864",
        ):
            raw.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # IMMEDIATE: a writer waits for the lock at once instead of failing when it upgrades.
        writes = connection.get_execution_options().get("hub_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


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
