"""Why the database that the setting names cannot be used: one line, with the cure."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import exc

from hub.errors import SettingError, Unavailable
from hub.store.database import sqlstate

# Wrong password or user, no such database, no right to make tables (PostgreSQL, appendix A).
_CLOSED = ("28", "3D", "42501")
_FULL, _LOCKED = "53300", "55P03"
# Starting up or shutting down, or cut off meanwhile.
_AWAY = ("08", "57P")
# SQLite has no such codes.
_NO_DATABASE = "file is not a database"


class Away(SettingError):
    """It may answer in a moment: who can wait does."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raise `SettingError` for a database that is away or lets us not in; `Away` for the first.

    Any other error stays what it is.
    """
    try:
        yield
    except Unavailable as error:
        cause = error.__cause__
        raise (_known(cause) if cause else None) or _no_answer(cause or error) from error
    except exc.DBAPIError as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error
    except OSError as error:
        raise _no_answer(error) from error


def _known(error: BaseException) -> SettingError | None:
    if not isinstance(error, exc.DBAPIError):
        return None
    state, text = sqlstate(error), _first_line(error)
    if state == _FULL:
        cure = "raise its max_connections, or the limit that is named"
        return Away(f"database_url: PostgreSQL has no connection left ({text}): {cure}")
    if state == _LOCKED:
        return SettingError(
            "database_url: others hold a lock in it, for a minute already; nothing was changed: "
            "stop what works there, then run this again"
        )
    if state.startswith(_AWAY):
        return _no_answer(error)
    if state.startswith(_CLOSED) or _NO_DATABASE in text:
        return SettingError(f"database_url: {text}")
    return None


def _no_answer(error: BaseException) -> Away:
    return Away(": ".join(filter(None, ("database_url", "no answer", _first_line(error)))))


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", error)).partition("\n")[0]
