"""A clean database for each test, copied in a moment from one that was migrated once."""

import asyncio
import shutil
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from hub.settings import Settings
from hub.store import schema


class PostgresDatabases:
    """Databases on one server."""

    def __init__(self, server_url: str) -> None:
        """Take the URL of any database there whose user may create others."""
        self._server = make_url(server_url)
        self._template: str | None = None

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Lend the URL of a database without a table."""
        with self._copy_of("template0") as url:
            yield url

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Lend the URL of a database with this version's schema and no row."""
        if self._template is None:
            template = _name("template")
            self._execute(f'CREATE DATABASE "{template}" TEMPLATE template0')
            _migrate(self._url(template))
            self._template = template
        with self._copy_of(self._template) as url:
            yield url

    def close(self) -> None:
        """Drop what is kept for copying."""
        if self._template is not None:
            self._execute(f'DROP DATABASE "{self._template}" WITH (FORCE)')
            self._template = None

    @contextmanager
    def _copy_of(self, template: str) -> Iterator[str]:
        name = _name("test")
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self._url(name)
        finally:
            self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _url(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        query(self._url(self._server.database or "postgres"), statement)


class SqliteDatabases:
    """Databases in files of one folder."""

    def __init__(self, folder: Path) -> None:
        """Keep the file that is copied in `folder`."""
        self._template = folder / "template.db"

    def empty(self, folder: Path) -> str:
        """Return the URL of a database that is not there yet."""
        return f"sqlite:///{folder / 'hub.db'}"

    def migrated(self, folder: Path) -> str:
        """Return the URL of a database with this version's schema and no row."""
        if not self._template.exists():
            _migrate(f"sqlite:///{self._template}")
        shutil.copy(self._template, folder / "hub.db")
        return self.empty(folder)


def query(url: str, statement: str, seconds: float = 10) -> Sequence[asyncpg.Record]:
    """Run one statement on PostgreSQL, outside any transaction, from whatever loop or none.

    Raises `TimeoutError` when there is no connection after so many seconds.
    """

    async def run() -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(url.replace("+asyncpg", "", 1), timeout=seconds)
        try:
            rows: Sequence[asyncpg.Record] = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    return _apart(run)


def _migrate(url: str) -> None:
    _apart(lambda: schema.migrate(Settings(database_url=url)))


def _apart(work):
    # A fixture may be asked for inside a running loop, where no second one can run.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def _name(kind: str) -> str:
    return f"hub_{kind}_{uuid.uuid4().hex[:12]}"
