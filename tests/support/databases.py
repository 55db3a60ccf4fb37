"""A clean database for each test, in a moment: one that was used and emptied, or a copy."""

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

# Empties what holds rows, and tells what the database is made of: a test may have changed that.
_EMPTY = """
DO $$
DECLARE
    filled text[] := '{}';
    name text;
    holds boolean;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR name IN SELECT oid::regclass::text FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO holds;
        IF holds THEN filled := filled || name; END IF;
    END LOOP;
    IF cardinality(filled) > 0 THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
    END IF;
END $$
"""
_MADE_OF = """
SELECT (SELECT md5(string_agg(relname || relkind::text || relhastriggers, ',' ORDER BY relname))
        FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    || (SELECT md5(string_agg(attrelid::regclass || attname || atttypid || attnotnull,
                              ',' ORDER BY attrelid::regclass::text, attnum))
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace)
    || (SELECT count(*) FROM pg_constraint) || '/' || (SELECT count(*) FROM pg_proc)
    || '/' || (SELECT count(*) FROM pg_db_role_setting) || '/'
    || (SELECT datconnlimit FROM pg_database WHERE datname = current_database())
    || (SELECT string_agg(version_num, ',') FROM alembic_version) AS parts
"""


class PostgresDatabases:
    """Databases on one server."""

    def __init__(self, server_url: str) -> None:
        """Take the URL of any database there whose user may create others."""
        self._server = make_url(server_url)
        self._template: str | None = None
        self._parts = ""
        self._used: list[str] = []

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Lend the URL of a database without a table."""
        name = self._copy_of("template0")
        try:
            yield self._url(name)
        finally:
            self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Lend the URL of a database with this version's schema and no row."""
        if self._template is None:
            self._template = self._copy_of("template0")
            _migrate(self._url(self._template))
            self._parts = query(self._url(self._template), _MADE_OF)[0]["parts"]
        name = self._used_one() or self._copy_of(self._template)
        try:
            yield self._url(name)
        finally:
            # It is emptied when it is lent again: hubs of the test that is over may still run.
            self._used.append(name)

    def close(self) -> None:
        """Drop what is kept."""
        for name in [*self._used, *filter(None, [self._template])]:
            self._drop(name)
        self._used, self._template = [], None

    def _copy_of(self, template: str) -> str:
        name = f"hub_test_{uuid.uuid4().hex[:12]}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _used_one(self) -> str | None:
        """Return a database that was lent before, without a row; None when there is none."""
        while self._used:
            name = self._used.pop()
            if query(self._url(name), _EMPTY, _MADE_OF)[0]["parts"] == self._parts:
                return name
            self._drop(name)
        return None

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


def query(url: str, *statements: str, seconds: float = 10) -> Sequence[asyncpg.Record]:
    """Run statements on PostgreSQL, outside any transaction, from whatever loop or none.

    Returns the rows of the last. Raises `TimeoutError` when there is no connection after so many
    seconds.
    """

    async def run() -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(url.replace("+asyncpg", "", 1), timeout=seconds)
        try:
            rows: Sequence[asyncpg.Record] = []
            for statement in statements:
                rows = await connection.fetch(statement)
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
