"""Keys that were read before: what is kept of them, and how many."""

from typing import Any

import pytest

from hub import ids
from hub.auth import callers, keys
from hub.auth.callers import Callers
from hub.auth.headers import Headers
from hub.contracts import Caller
from hub.errors import Unauthorized


class Empty:
    """A database in which no key lives."""

    async def read(self, work: Any) -> dict[bytes, Any]:
        """Find nothing."""
        return {}


@pytest.fixture
def known() -> Callers:
    """Callers over a database without keys."""
    return Callers(Empty(), None)  # type: ignore[arg-type]


def presented(plaintext: str) -> Headers:
    """Return the headers of a call with this key."""
    return Headers([(b"authorization", f"Bearer {plaintext}".encode())])


def remembered(known: Callers, plaintext: str) -> bool:
    """Tell whether the key of a call is remembered."""
    return known.remembered(presented(plaintext)) is not None


def remember(known: Callers) -> str:
    """Have a server key remembered, and return it."""
    plaintext = keys.mint("server")
    digest = keys.digest(plaintext)
    caller = Caller(kind="server", organization_id=ids.new(), credential=digest, key_id=ids.new())
    known.remember(caller)
    return plaintext


def test_no_more_keys_are_remembered_than_there_is_room_for(
    known: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was read longest ago makes room; the others stay."""
    monkeypatch.setattr(callers, "REMEMBERED", 3)

    minted = [remember(known) for _ in range(5)]

    assert [remembered(known, key) for key in minted] == [False, False, True, True, True]
    assert len(known._remembered) == 3


async def test_a_key_that_is_found_dead_is_forgotten(known: Callers) -> None:
    """The next call with it is read anew, whatever the memory held."""
    key, other = remember(known), remember(known)

    with pytest.raises(Unauthorized):
        await known.by_key(presented(key))

    assert [remembered(known, key), remembered(known, other)] == [False, True]


@pytest.mark.parametrize("values", [[], [b"Basic x"], [b"Bearer a", b"Bearer b"], [b"Bearer"]])
def test_a_call_without_one_key_is_remembered_as_nobody(
    known: Callers, values: list[bytes]
) -> None:
    """None, another scheme, two, an empty one."""
    assert known.remembered(Headers([(b"authorization", value) for value in values])) is None
