"""PostgreSQL: many processes, many hosts."""

from hub.store.database import T, Work, translated

CONNECT_SECONDS = 3
STATEMENT_SECONDS = 3
POOL_SIZE = 8


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
        with translated():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, each statement on what is committed."""
        with translated():
            async with self._engine.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()
