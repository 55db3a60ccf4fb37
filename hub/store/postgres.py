"""PostgreSQL: many processes, many hosts. Whatever becomes of it, nobody waits long for it."""

import asyncio
import random
import socket
import time
from contextlib import closing
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy import exc, pool

from hub.errors import Unavailable
from hub.store.breaker import Breaker
from hub.store.database import T, Trouble, Work, sqlstate, translated
from hub.store.growth import Growth
from hub.store.places import Places

UNIT_SECONDS = 3.0
CONNECT_SECONDS = 2.0
PROBE_SECONDS = 1.0
POOL_SIZE = 8
DOORS = 2
GENTLE_SECONDS = 5.0
SPREAD_SECONDS = 0.1

_AWAY = Trouble("The database does not answer", retry_after=1)

# The server ends by itself what we have given up (milliseconds).
_SERVER_SETTINGS = {
    "application_name": "clonvo",
    "statement_timeout": "2500",
    "lock_timeout": "2000",
    # Of a process or host that stopped in the middle: its locks hold up whoever writes for the
    # same people. No statement of ours waits for anything but the one before it.
    "idle_in_transaction_session_timeout": "1000",
}
# A host that vanished without a word is noticed although nothing is being asked of it.
_SOCKET = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 5000}
_CROWDED, _READ_ONLY = "53300", "25006"
_UNREACHED = ("08", "57P", "28", "3D", _CROWDED, _READ_ONLY)


class PostgresDatabase:
    """PostgreSQL through asyncpg. Each unit of work has three seconds, its connection included.

    At their end the connection is cut. That is not a cancellation, which the driver would send
    over a second connection to a server that may not answer there either (docs/decisions/0014).
    """

    def __init__(self, url: str) -> None:
        """Connect lazily; every wait has an end."""
        # Imported here: it takes a third of a second that SQLite's start need not pay.
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

        self._engine = create_async_engine(
            url,
            # An error's text ends up in a log, where bodies and phone numbers have no place.
            hide_parameters=True,
            poolclass=_Pool,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS,
            pool_recycle=300,
            # The one that was used last has what it needs at hand, there and here.
            pool_use_lifo=True,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": UNIT_SECONDS,
                # The statement that writes a batch is longer than what is kept by itself.
                "max_cacheable_statement_size": 0,
                "server_settings": _SERVER_SETTINGS,
                "target_session_attrs": "read-write",
                "async_creator_fn": self._dial,
            },
        )
        # One statement is one round trip: nothing is begun and nothing rolled back.
        self._each_alone = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connections: WeakSet[Any] = WeakSet()
        self._places = Places(POOL_SIZE)
        self._doors = asyncio.Semaphore(DOORS)
        self._breaker = Breaker(self._probe, self._cut_all)
        self._growth = Growth(self.read)
        sa.event.listen(self._engine.sync_engine, "checkout", _pass_over_dead)
        sa.event.listen(self._engine.sync_engine, "handle_error", _judge)
        sa.event.listen(self._engine.sync_engine, "after_cursor_execute", self._hear)

    @property
    def trouble(self) -> Trouble | None:
        """Say why calls are refused at the moment; None when they are not."""
        return _AWAY if self._breaker.is_open else None

    async def write(self, work: Work[T]) -> T:
        """Run work in one transaction that is committed, durably, before this returns.

        After `Unavailable` it may have been committed or not.
        """
        return await self._run(self._engine, work)

    async def write_at_once(self, work: Work[T]) -> T:
        """Run work each of whose statements is a transaction of its own; the last one writes.

        After `Unavailable` it may have been committed or not.
        """
        result = await self._run(self._each_alone, work)
        self._growth.note_batch()
        return result

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, each statement on what is committed."""
        return await self._run(self._each_alone, work)

    async def close(self) -> None:
        """Give every connection back."""
        await self._growth.close()
        self._breaker.close()
        await self._engine.dispose()

    async def _run(self, engine: Any, work: Work[T]) -> T:
        self._breaker.check()
        began = time.monotonic()
        try:
            with translated():
                end = asyncio.get_running_loop().time() + UNIT_SECONDS
                result = await self._in_place(engine, work, end)
        except Unavailable as error:
            cause = error.__cause__
            if cause and _is_unreached(cause):
                self._breaker.failed(began, cause)
            raise
        self._breaker.answered()
        return result

    async def _in_place(self, engine: Any, work: Work[T], end: float) -> T:
        while True:
            await self._places.take(end)
            give_back = self._places.give_back
            try:
                return await self._unit(engine, work, end)
            except exc.DBAPIError as error:
                others = any(not connection.is_closed() for connection in self._connections)
                if sqlstate(error) != _CROWDED or not others:
                    raise
                give_back = self._places.withhold
            finally:
                give_back()

    async def _unit(self, engine: Any, work: Work[T], end: float) -> T:
        async with asyncio.timeout_at(end):
            connection = await engine.connect()
        raw = connection.sync_connection.connection.driver_connection
        cut = asyncio.get_running_loop().call_at(end, raw.terminate)
        try:
            result: T = await connection.run_sync(work)
            await connection.commit()
            return result
        finally:
            await connection.close()
            cut.cancel()

    async def _probe(self) -> None:
        end = asyncio.get_running_loop().time() + PROBE_SECONDS
        await self._unit(self._each_alone, lambda c: c.execute(sa.text("SELECT 1")).scalar(), end)

    async def _dial(self, *arguments: Any, **options: Any) -> Any:
        """Connect: few at a time, and spread out when all come back at once after an outage."""
        import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415

        async with self._doors:
            if self._breaker.returned_within(GENTLE_SECONDS):
                await asyncio.sleep(random.uniform(0, SPREAD_SECONDS))  # noqa: S311 - no secret
            connection = await asyncpg.connect(*arguments, **options)
        _keep_alive(connection)
        self._connections.add(connection)
        return connection

    def _hear(self, *_: object) -> None:
        """Note that a statement was answered, whatever becomes of its work."""
        self._breaker.answered()

    def _cut_all(self) -> None:
        """Let go of every connection: what waits on one has its answer, idle ones are made anew."""
        for connection in list(self._connections):
            connection.terminate()


class _Pool(pool.AsyncAdaptedQueuePool):
    """A pool of connections that are there: an entry whose connection was lost is not kept.

    Else it would be handed out before connections that wait unused, and its holder would have to
    make one, perhaps where the server has no room for it.
    """

    # What it logs is the library's, and as quiet.
    __module__ = pool.__name__

    def _do_return_conn(self, record: pool.ConnectionPoolEntry) -> None:
        if record.dbapi_connection is None:
            self._dec_overflow()
        else:
            super()._do_return_conn(record)


def _is_unreached(error: BaseException) -> bool:
    """Tell whether the server was not there; one that refuses or is slow is."""
    if not isinstance(error, exc.DBAPIError):
        return isinstance(error, OSError)
    state = sqlstate(error)
    return error.connection_invalidated or not state or state.startswith(_UNREACHED)


def _pass_over_dead(raw: Any, _record: object, _proxy: object) -> None:
    """Replace a connection that ended while nobody used it, before somebody's work fails of it."""
    if raw.driver_connection.is_closed():
        raise exc.DisconnectionError


def _judge(context: sa.ExceptionContext) -> None:
    """Say which connections an error is the end of."""
    demoted = getattr(context.original_exception, "sqlstate", None) == _READ_ONLY
    # A server that became read-only is not ours any more, on any connection. Otherwise one that
    # is lost says nothing of the others: each is looked at before it is used.
    context.is_disconnect = context.is_disconnect or demoted
    context.invalidate_pool_on_disconnect = demoted


def _keep_alive(connection: Any) -> None:
    shown = connection._transport.get_extra_info("socket")  # noqa: SLF001 - shown nowhere else
    if shown is None or shown.family == socket.AF_UNIX:
        return
    # A loop shows its socket without the right to change it; a duplicate has the same options.
    with closing(shown.dup()) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _SOCKET.items():
            if hasattr(socket, name):
                own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
