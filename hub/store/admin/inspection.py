"""What the database says about itself, for the operator's check-up."""

from datetime import UTC, datetime

import sqlalchemy as sa
from msgspec import Struct

LOCAL = "local"
SILENT_SECONDS = 2.0
"""A commit that has waited so long for a standby waits for one that is away."""

_WAITING = sa.text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event = 'SyncRep'
    AND query_start < clock_timestamp() - :seconds * interval '1 second'
""")
# https://www.sqlite.org/pragma.html#pragma_synchronous
_SQLITE_LEVELS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
_DURABLE = {
    "sqlite": {"journal_mode": {"wal"}, "synchronous": {"FULL", "EXTRA"}},
    "postgresql": {
        "fsync": {"on"},
        "full_page_writes": {"on"},
        # `local` waits for this server's disk alone; the others for a standby as well.
        "synchronous_commit": {"on", LOCAL, "remote_write", "remote_apply"},
    },
}


class Inspection(Struct, frozen=True):
    """The store's version, its clock, and what may lose an acknowledged write."""

    version: str
    clock: datetime | None
    """None for SQLite, whose clock is ours."""
    not_durable: dict[str, str]
    """Settings, with their values, that let a crash lose what was committed."""
    is_local: bool = False
    """Commits do not wait for a standby, also where one is synchronous."""
    waiting: int = 0
    """Commits that wait for a synchronous standby which does not answer."""


def inspect(connection: sa.Connection) -> Inspection:
    """Ask the database."""
    if connection.dialect.name == "sqlite":
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        values = {
            "journal_mode": str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()),
            "synchronous": _SQLITE_LEVELS.get(level, str(level)),
        }
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        return Inspection(f"SQLite {version}", None, _not_durable("sqlite", values))
    values = {
        name: str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
        for name in _DURABLE["postgresql"]
    }
    version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    clock = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return Inspection(
        f"PostgreSQL {version}",
        clock.astimezone(UTC),
        _not_durable("postgresql", values),
        is_local=values["synchronous_commit"] == LOCAL,
        waiting=connection.execute(_WAITING, {"seconds": SILENT_SECONDS}).scalar_one(),
    )


def _not_durable(store: str, values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value not in _DURABLE[store][name]}
