"""How many connections PostgreSQL has for us, and how many the processes of a server want."""

import sqlalchemy as sa
from msgspec import Struct

from hub.errors import SettingError
from hub.store.database import Database
from hub.store.postgres import POOL_SIZE, PostgresDatabase

LEAST = 2
"""So many at least for a process: one that writes, and one that is asked meanwhile."""

# A superuser may have those that are reserved, and limits of roles and databases are not for him.
_ASK = sa.text("""
    SELECT current_setting('max_connections')::int AS every,
           current_setting('superuser_reserved_connections')::int
               + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
           rolsuper AS all_ours, rolconnlimit AS of_role, datconnlimit AS of_database
    FROM pg_roles, pg_database
    WHERE rolname = session_user AND datname = current_database()
""")


class Seats(Struct, frozen=True, order=True):
    """How many there are for us, taken or not, and what to change to have more."""

    number: int
    limit: str


async def check(database: Database, processes: int) -> str | None:
    """Return what is unwise about so many processes there; None when nothing is.

    Raises `SettingError` when some of them could not work at all.
    """
    if not isinstance(database, PostgresDatabase):
        return None
    seats = await database.read(given)
    least, most = processes * LEAST, processes * POOL_SIZE
    if seats.number >= most:
        return None
    who = "a hub of one process"
    cure = f"raise {seats.limit}"
    if processes > 1:
        who = f"a hub of {processes} processes"
        cure += ", or lower --workers"
    wanted = f"{who} uses up to {most} connections and needs {least}"
    sentence = f"{wanted}; PostgreSQL gives {seats.number}: {cure}"
    if seats.number < least:
        raise SettingError(f"database_url: {sentence}")
    return sentence


def given(connection: sa.Connection) -> Seats:
    """Ask for the narrowest limit on our connections."""
    found = connection.execute(_ASK).one()
    if found.all_ours:
        return Seats(found.every, "its max_connections")
    limits = [Seats(found.every - found.reserved, "its max_connections")]
    if found.of_role >= 0:
        limits.append(Seats(found.of_role, "the CONNECTION LIMIT of the role"))
    if found.of_database >= 0:
        limits.append(Seats(found.of_database, "the CONNECTION LIMIT of the database"))
    return min(limits)
