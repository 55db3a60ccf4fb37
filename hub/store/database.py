"""One way to run a transaction on either store.

A transaction is a plain function that takes a SQLAlchemy `Connection`. On PostgreSQL it runs in a
greenlet over asyncpg, on SQLite in the thread of the one writer or of a reader, so the same
statements serve both and no store function is async (docs/decisions/0002).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import exc

from hub.errors import Unavailable

T = TypeVar("T")
Connection = sa.Connection
Work = Callable[[sa.Connection], T]

# PostgreSQL's codes (its appendix A). Serialization failure and deadlock: the loser runs again.
_RERUN = {"40001", "40P01"}
# Not now: no connection, no room, shutting down or cut off, a disk that fails, read-only, locked;
# and nobody lets us in any more, or the database is gone: an operator is needed, not a caller.
_NOT_NOW = ("08", "53", "57", "58", "25006", "25P03", "55P03", "28", "3D")


class Contended(Exception):
    """Another transaction was first: run the same work again and find what it wrote."""


class Rejected(Exception):
    """The store refuses a value of this work; running it again changes nothing."""


class Trouble(Struct, frozen=True):
    """Why nothing is taken at the moment, and in how many seconds to come back."""

    text: str
    retry_after: int

    def refusal(self) -> Unavailable:
        """Return what to tell a caller."""
        return Unavailable(f"{self.text}, try again later", retry_after=self.retry_after)


class Database(Protocol):
    """Where everything is kept.

    Both verbs raise `Contended`, `Rejected`, or `Unavailable` when the store does not answer.
    """

    @property
    def trouble(self) -> Trouble | None:
        """Say why calls are refused at the moment; None when they are not."""

    async def write(self, work: Work[T]) -> T:
        """Run work in one transaction that is committed, durably, before this returns."""

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads, on what is committed."""

    async def close(self) -> None:
        """Give every connection back."""


class BatchDatabase(Database, Protocol):
    """A database as batches of messages need it."""

    async def write_at_once(self, work: Work[T]) -> T:
        """Run work that reads, and writes with one last statement, like `write`.

        It may do without a transaction (`hub.store.rows.is_unlocked`): then nothing is locked
        meanwhile, and it is for the work to see that what it read still holds when it writes.
        """


@contextmanager
def translated() -> Iterator[None]:
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
    state = sqlstate(error)
    if state in _RERUN:
        return Contended()
    if isinstance(error, exc.DataError) or state.startswith("22"):
        return Rejected(str(error.orig))
    # Without a code it is the driver that gave up: the server said nothing of use.
    gave_up = isinstance(error, exc.InternalError) and not state
    away = isinstance(error, exc.OperationalError | exc.InterfaceError) or gave_up
    if away or error.connection_invalidated or state.startswith(_NOT_NOW):
        return Unavailable("The database does not answer, try again")
    return error


def sqlstate(error: exc.DBAPIError) -> str:
    """Return PostgreSQL's code for an error; an empty text when there is none."""
    return getattr(error.orig, "sqlstate", None) or ""
