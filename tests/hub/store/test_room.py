"""Room on the disk: when it is full, when it is not any more, and what is kept back."""

import re
from pathlib import Path

import pytest

from hub import metrics
from hub.errors import Unavailable
from hub.store.room import BALLAST, FULL, LOW, REFUSED, Room
from hub.store.sqlite import SqliteDatabase

PLENTY = 3 * LOW


class Disk:
    """A disk whose free bytes the test sets; a ballast that is made takes some of them."""

    def __init__(self, room: Room, file: Path, free: int) -> None:
        """Measure for this room."""
        self.ballast = file.with_name("hub.db.ballast")
        self.free = free
        room._free = lambda: self.free


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Room on a disk of a terabyte."""
    made = Room(tmp_path / "hub.db")
    made._size, made._low = BALLAST, LOW
    return made


@pytest.fixture
def disk(room: Room, tmp_path: Path) -> Disk:
    """Its disk, with plenty of room."""
    return Disk(room, tmp_path / "hub.db", PLENTY)


def yes() -> bool:
    """Answer the trial write: the disk takes it."""
    return True


def test_ballast_is_really_taken_and_counted_as_free_no_more(room, disk) -> None:
    """Its blocks are allocated; the figure of free bytes is shown."""
    room.look(yes)

    assert disk.ballast.stat().st_blocks * 512 >= BALLAST
    assert (disk.ballast.stat().st_mode & 0o777) == 0o600
    figures = metrics.exposition().decode()
    (shown,) = re.findall(r'^hub_storage_free_bytes\{store="sqlite"\} (.+)$', figures, re.MULTILINE)
    assert float(shown) == PLENTY


def test_nothing_new_is_taken_before_the_disk_is_full(room, disk) -> None:
    """Under the low mark the room is full, and the ballast is still there."""
    room.look(yes)
    disk.free = LOW - 1
    room.look(yes)

    assert room.trouble == FULL
    assert disk.ballast.exists()


def test_ballast_is_given_up_when_the_disk_is_all_but_full(room, disk) -> None:
    """Somebody else went on writing."""
    room.look(yes)
    disk.free = 1000
    room.look(yes)

    assert room.trouble == FULL
    assert not disk.ballast.exists()


def test_what_the_ballast_leaves_makes_no_room_for_new_messages(room, disk) -> None:
    """It comes back before the room is open again, and there is twice the low mark beside it."""
    room.look(yes)
    disk.free = 0
    room.look(yes)
    for free in (BALLAST, LOW + BALLAST, 2 * LOW + BALLAST - 1):
        disk.free = free
        room.look(yes)
        assert room.trouble == FULL
        assert not disk.ballast.exists()

    disk.free = 2 * LOW + BALLAST
    room.look(yes)
    assert room.trouble is None
    assert disk.ballast.exists()


def test_a_disk_that_refused_is_trusted_after_a_trial(room, disk) -> None:
    """A quota says nothing of itself beforehand: there may be room and no write gets through."""
    room.look(yes)
    room.refused(REFUSED)
    assert not disk.ballast.exists()

    room.look(lambda: False)
    assert room.trouble == REFUSED
    room.look(yes)
    assert room.trouble is None


def test_a_start_on_a_full_disk_gives_the_ballast_up_first(tmp_path: Path, monkeypatch) -> None:
    """Without a free byte SQLite cannot even open its log."""
    ballast = tmp_path / "hub.db.ballast"
    ballast.write_bytes(b"x")
    monkeypatch.setattr(Room, "_free", lambda _: 0)

    Room(tmp_path / "hub.db")

    assert not ballast.exists()


async def test_what_the_disk_refuses_is_said_and_remembered(tmp_path: Path) -> None:
    """A file that may grow no more: `Unavailable` with a time, and trouble from then on."""
    database = SqliteDatabase(tmp_path / "hub.db")
    await database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (x)"))
    assert database.trouble is None

    def too_much(connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")

    with pytest.raises(Unavailable, match="Storage is full") as refused:
        await database.write(too_much)

    assert refused.value.retry_after == 5
    assert database.trouble == FULL
    assert await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM t").scalar()) == 0
    await database.close()
