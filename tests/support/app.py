"""The web app in this process over a real database: what most tests of the API talk to."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from msgspec import Struct

from hub import ids
from hub.api.edge import Edge
from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.hooks import Hooks
from hub.sealing import open_sealer
from hub.services.hub import Hub
from hub.settings import Settings
from hub.store.database import Database
from hub.store.opening import open_database
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.hubs import SECRET

ORIGIN = "https://shop.example.com"
PEER = ("198.51.100.7", 40000)  # TEST-NET-2 of RFC 5737
BASE = "http://hub.test/api/v1"
_NUMBERS = itertools.count(1)


class Clock:
    """A clock that stands until a test lets it go on."""

    def __init__(self) -> None:
        """Begin at a round second."""
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Business(Struct, frozen=True, kw_only=True):
    """A business and one credential of each kind."""

    id: UUID
    slug: str
    server_key: str
    widget_key: str
    legacy_secret: str

    @property
    def bearer(self) -> dict[str, str]:
        """Return the header of its server key."""
        return bearer(self.server_key)

    @property
    def widget_headers(self) -> dict[str, str]:
        """Return the headers of a browser on its page."""
        return {**bearer(self.widget_key), "Origin": ORIGIN}

    @property
    def legacy_headers(self) -> dict[str, str]:
        """Return the headers of its legacy secret."""
        return {"X-ChatHub-Org": self.slug, "X-ChatHub-Secret": self.legacy_secret}


class Api:
    """One app over one database, one business in it, and clients of each kind."""

    def __init__(self, app: Edge, hub: Hub, clock: Clock, business: Business) -> None:
        """Make the clients; `clock` is the one of the rate limits."""
        self.app = app
        self.hub = hub
        self.clock = clock
        self.business = business
        self.anonymous = self.client()
        self.server = self.client(business.bearer)
        self.widget = self.client(business.widget_headers)
        self.legacy = self.client(business.legacy_headers)

    def client(
        self, headers: dict[str, str] | None = None, peer: tuple[str, int] = PEER
    ) -> httpx.AsyncClient:
        """Return a client of the API that sends these headers from this address."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=peer)
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    async def send(self, **body: Any) -> httpx.Response:
        """Post a message with the server key; a body without text or person gets both."""
        whole = {"body": "hi", "customer": {"phoneE164": "+15551234567"}, **body}
        return await self.server.post("/messages", json=whole)

    async def session_of(self, reply: httpx.Response) -> dict[str, Any]:
        """Return the visitor session that a stored message belongs to."""
        found = await self.server.get(f"/sessions/{reply.json()['sessionId']}")
        session: dict[str, Any] = found.json()
        return session

    async def message_of(self, reply: httpx.Response) -> dict[str, Any]:
        """Return a stored message as the API shows it."""
        found = await self.server.get(f"/messages/{reply.json()['id']}")
        message: dict[str, Any] = found.json()
        return message

    async def rows(self, table: sa.Table) -> Sequence[sa.Row[Any]]:
        """Return the business's rows of a table, in the order of the primary key."""
        statement = sa.select(table).where(self._mine(table)).order_by(*table.primary_key)
        return await self.hub.database.read(lambda c: c.execute(statement).all())

    async def count(self, table: sa.Table) -> int:
        """Return how many rows of a table are the business's."""
        return len(await self.rows(table))

    async def change(self, table: sa.Table, **values: Any) -> None:
        """Change all the business's rows of a table behind the hub's back."""
        statement = sa.update(table).where(self._mine(table)).values(**values)
        await self.hub.database.write(lambda c: c.execute(statement))

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.organization_id == self.business.id


MakeApi = Callable[..., Awaitable[Api]]


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


async def make_business(hub: Hub, slug: str = "acme") -> Business:
    """Make a business with a server key, a widget key for `ORIGIN`, and a legacy secret."""
    business = await hub.organizations.create(slug, slug.title())
    server = await hub.keys.create(business.id, "server", "backend")
    widget = await hub.keys.create(business.id, "widget", "site", [ORIGIN])
    return Business(
        id=business.id,
        slug=slug,
        server_key=server.plaintext,
        widget_key=widget.plaintext,
        legacy_secret=await hub.organizations.rotate_legacy_secret(business.id),
    )


@asynccontextmanager
async def serving(settings: Settings, database: Database) -> AsyncIterator[Api]:
    """Serve an app over an open database in this process, with a business of its own."""
    clock = Clock()
    hub = Hub(settings, database, Hooks(settings.plugins), open_sealer(settings))
    app = create_app(settings, hub, MemoryLimiter(clock, clock))
    async with _lifespan(app):
        yield Api(app, hub, clock, await make_business(hub, f"acme-{next(_NUMBERS)}"))


@pytest.fixture(scope="session")
async def shared_sqlite(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """An open SQLite database, in which each test makes a business."""
    url = sqlite_databases.migrated(tmp_path_factory.mktemp("shared"))
    async with _opened(url) as database:
        yield database


@pytest.fixture(scope="session")
async def shared_postgres(postgres_databases: PostgresDatabases) -> AsyncIterator[Database]:
    """An open PostgreSQL database, in which each test makes a business."""
    with postgres_databases.migrated() as url:
        async with _opened(url) as database:
            yield database


@pytest.fixture
def database(_store: str, request: pytest.FixtureRequest) -> Database:
    """An open database with other tests' businesses in it; once each on both stores."""
    shared: Database = request.getfixturevalue(f"shared_{_store}")
    return shared


@pytest.fixture
async def make_api(database: Database) -> AsyncIterator[MakeApi]:
    """The maker of an app with settings of the test's own, such as `ingest_rate_per_min=5`."""
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> Api:
            whole = Settings(hub_secret=SECRET, **settings)
            return await stack.enter_async_context(serving(whole, database))

        yield make


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """An app with the default settings, on SQLite and on PostgreSQL."""
    return await make_api()


@pytest.fixture
async def lone_api(database_url: str) -> AsyncIterator[Api]:
    """An app over a database of its own, for what looks at all businesses."""
    settings = Settings(hub_secret=SECRET)
    async with _opened(database_url) as database, serving(settings, database) as api:
        yield api


def unknown_id(kind: ids.Kind) -> str:
    """Return an id that nobody has."""
    return ids.wire(kind, ids.new())


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = open_database(Settings(database_url=url))
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _lifespan(app: Edge) -> AsyncIterator[None]:
    """Start and stop an app as a server does."""
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    scope: Any = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(app(scope, asked.get, told.put))

    async def reach(stage: str) -> None:
        await asked.put({"type": f"lifespan.{stage}"})
        answer = await asyncio.wait_for(told.get(), 10)
        assert answer["type"] == f"lifespan.{stage}.complete", answer

    await reach("startup")
    try:
        yield
    finally:
        await reach("shutdown")
        await asyncio.wait_for(task, 10)
