"""What a row stands on: real servers, and databases with customers in them, copied for each row."""

import asyncio
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, Self

from hub.auth import keys
from hub.contracts import Arrival, Caller, Message, Person, Visit
from hub.errors import Unavailable
from hub.services.hub import Hub
from hub.worker import Worker
from tests.bench.load import Failed
from tests.support.client import services
from tests.support.databases import PostgresDatabases, SqliteDatabases, query
from tests.support.postgres import Postgres
from tests.support.redis import Redis

Kind = Literal["sqlite", "postgres"]
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
POSTGRES_SETTINGS = {"shared_buffers": "512MB"}
_TOGETHER = 200
_TRIES = 5
_WAITING = "SELECT count(*) FROM event WHERE state = 'waiting'"
_MESSAGES = "SELECT count(*) FROM message"


class Store(Protocol):
    """A database that a row has for itself, seen from beside the hub."""

    url: str

    def number(self, statement: str) -> int:
        """Return the one number that a statement answers with."""


class PostgresStore:
    """A database on our server."""

    def __init__(self, url: str) -> None:
        """Take the hub's form of its URL."""
        self.url = url

    def number(self, statement: str) -> int:
        """Return the one number that a statement answers with."""
        return int(query(self.url, statement)[0][0])


class SqliteStore:
    """A file."""

    def __init__(self, file: Path) -> None:
        """Take the file that the hub keeps everything in."""
        self.url = f"sqlite:///{file}"
        self._address = f"file:{file}?mode=ro"

    def number(self, statement: str) -> int:
        """Return the one number that a statement answers with."""
        with closing(sqlite3.connect(self._address, uri=True, timeout=10)) as connection:
            return int(connection.execute(statement).fetchone()[0])


def messages(store: Store) -> int:
    """Return how many messages are stored."""
    return store.number(_MESSAGES)


def waiting(store: Store) -> int:
    """Return how many events no worker has finished."""
    return store.number(_WAITING)


class Ground:
    """Servers and filled databases, made when they are first asked for."""

    def __init__(self, folder: Path, customers: int) -> None:
        """Keep everything in `folder`; databases begin with so many customers."""
        self.folder = folder
        self.customers = customers
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the servers and remove what they kept."""
        self._ends.close()

    @cached_property
    def postgres(self) -> Postgres:
        """A running PostgreSQL that loses nothing."""
        server = Postgres(settings=POSTGRES_SETTINGS)
        self._ends.callback(server.remove)
        server.start()
        for name in DURABLE:
            if query(server.url(), f"SHOW {name}")[0][0] != "on":
                raise Failed(f"PostgreSQL has {name} off: the figures would mean nothing")
        return server

    @cached_property
    def redis(self) -> Redis:
        """A running Redis."""
        server = Redis()
        self._ends.callback(server.remove)
        server.start()
        return server

    def new_folder(self, name: str) -> Path:
        """Make a folder that nobody had before."""
        folder = self.folder / f"{name}-{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        return folder

    def key(self, kind: Kind) -> str:
        """Return the server key of the business in the databases of this kind."""
        return self._filled_postgres[1] if kind == "postgres" else self._filled_sqlite[1]

    @contextmanager
    def store(self, kind: Kind) -> Iterator[Store]:
        """Lend a copy of the filled database."""
        if kind == "sqlite":
            file = self.new_folder("sqlite") / "hub.db"
            shutil.copy(self._filled_sqlite[0], file)
            yield SqliteStore(file)
            shutil.rmtree(file.parent)
            return
        with self._copy_of(self._filled_postgres[0]) as url:
            yield PostgresStore(url)

    @contextmanager
    def empty_postgres(self) -> Iterator[PostgresStore]:
        """Lend a PostgreSQL database without a table."""
        with self._copy_of("template0") as url:
            yield PostgresStore(url)

    @contextmanager
    def _copy_of(self, template: str) -> Iterator[str]:
        name = f"bench_{uuid.uuid4().hex[:8]}"
        query(self.postgres.url(), f"CREATE DATABASE {name} TEMPLATE {template}")
        # Each row begins with nothing left to write back.
        query(self.postgres.url(), "CHECKPOINT", seconds=60)
        try:
            yield self.postgres.url(name)
        finally:
            query(self.postgres.url(), f"DROP DATABASE {name} WITH (FORCE)")

    @cached_property
    def _filled_postgres(self) -> tuple[str, str]:
        databases = PostgresDatabases(self.postgres.url())
        url = self._ends.enter_context(databases.migrated())
        self._ends.callback(databases.close)
        key = asyncio.run(fill(url, self.customers))
        # As a database that has been in use for a while.
        query(url, "VACUUM ANALYZE", seconds=60)
        return url.rpartition("/")[2], key

    @cached_property
    def _filled_sqlite(self) -> tuple[Path, str]:
        folder = self.new_folder("filled")
        url = SqliteDatabases(folder).migrated(folder)
        return folder / "hub.db", asyncio.run(fill(url, self.customers))


async def fill(url: str, customers: int) -> str:
    """Make a business whose customers have each written once; return its server key."""
    async with services(url) as hub:
        business = await hub.organizations.create("bench", "Bench")
        made = await hub.keys.create(business.id, "server", "bench")
        caller = Caller(
            kind="server",
            organization_id=business.id,
            credential=keys.digest(made.plaintext),
            key_id=made.key.id,
        )
        arrival = Arrival(at=datetime.now(UTC), caller=caller, ip="127.0.0.1")
        for first in range(0, customers, _TOGETHER):
            some = range(first, min(first + _TOGETHER, customers))
            await _write_first(hub, [_greeting(number) for number in some], arrival)
        worker = Worker(hub)
        while await worker.step():
            pass
        return made.plaintext


async def _write_first(hub: Hub, greetings: Sequence[Message], arrival: Arrival) -> None:
    """Store them; a machine that stood still for a moment is no reason to give up the run."""
    for _ in range(_TRIES):
        with suppress(Unavailable):
            await hub.accept(greetings, arrival)
            return
    raise Failed("the database does not take its first messages")


def _greeting(number: int) -> Message:
    return Message(
        channel="api",
        source="api",
        person=Person(phone_e164=f"+1555{number:07}"),
        body="Hello, are you open today?",
        provider_message_id=f"first-{number}",
        visit=Visit(path="/", referer="https://google.com/"),
    )
