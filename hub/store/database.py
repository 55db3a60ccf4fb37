"""One way to run a transaction on either store.

A transaction is a plain function that takes a SQLAlchemy `Connection`. On PostgreSQL it runs in a
greenlet over asyncpg, on SQLite in the thread of the one writer or of a reader, so the same
statements serve both and no store function is async (docs/decisions/0002).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from hub.errors import Unavailable

T = TypeVar("T")
Connection = sa.Connection
Work = Callable[[sa.Connection], T]

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
    state = getattr(error.orig, "sqlstate", None)
    if state in _RERUN:
        return Contended()
    if isinstance(error, exc.DataError) or (state or "").startswith("22"):
        return Rejected(str(error.orig))
    if isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated:
        return Unavailable("The database does not answer, try again")
    return error
