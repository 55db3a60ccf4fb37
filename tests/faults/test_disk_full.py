"""A full disk: calls are refused, nothing is lost, and once there is room the hub goes on."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import Struct

from tests.faults.test_killed import stored
from tests.support.app import Business
from tests.support.client import (
    UNLIMITED,
    Line,
    connected,
    everything,
    in_parallel,
    new_business,
    until,
)
from tests.support.hubs import Hub
from tests.support.ledger import Found, Ledger

MIB = 1 << 20
DISK, FILLER = 32 * MIB, 12 * MIB
FILE_LIMIT = 6 * MIB
CLIENTS = 8
BODY = "x" * 8_000
MOST = 20_000
AGAIN_SECONDS = 5.0
FULL = "Storage is full, try again later"
REFUSED = "Storage takes no writes, try again later"


class Disk(Struct, frozen=True):
    """A small disk with some of it taken by something else, or a limit that acts like one."""

    folder: Path
    inside: tuple[str, ...]
    filler: Path | None

    @property
    def url(self) -> str:
        """Return the URL of the database on it."""
        return f"sqlite:///{self.folder / 'hub.db'}"

    def free(self) -> int:
        """Return how many bytes are left."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize


def mounted(folder: Path) -> bool:
    """Make a small disk of the folder; tell whether this account may."""
    line = ("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder))
    return subprocess.run(line, check=False, capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path: Path, sqlite_url: str) -> Iterator[Disk]:
    """A disk of 32 MiB; where none may be made, a limit on the size of each file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    real = mounted(folder)
    print(f"disk full by {'a mounted disk' if real else 'a limit on files'}")  # noqa: T201
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), folder / "hub.db")
    try:
        if real:
            (folder / "filler").write_bytes(b"x" * FILLER)
        limit = () if real else ("prlimit", f"--fsize={FILE_LIMIT}:unlimited")
        yield Disk(folder, limit, folder / "filler" if real else None)
    finally:
        if real:
            subprocess.run(("umount", "--lazy", str(folder)), check=True)


@pytest.fixture
def hub(disk: Disk, tmp_path: Path) -> Iterator[Hub]:
    """A hub whose database is on that disk."""
    made = Hub(tmp_path, {"DATABASE_URL": disk.url, **UNLIMITED}, inside=disk.inside)
    yield made
    made.close()


async def fill(hub: Hub, business: Business, ledger: Ledger, refusals: list[tuple[object, ...]]):
    """Send until a few are refused; everything that is acknowledged is written down."""

    async def send(line: Line, number: int) -> None:
        name = f"d{number}"
        ledger.attempt(name, BODY)
        message = {"body": BODY, "providerMessageId": name, "visitor": {"visitorId": "v_1"}}
        reply = await line.post("/messages", message)
        if reply.status == 200:
            ledger.answer(name, reply.body["id"])
        else:
            refusals.append((reply.status, reply.header("retry-after"), reply.body["error"]))

    def numbers() -> Iterator[int]:
        for number in range(MOST):
            if len(refusals) > 2 * CLIENTS:
                return
            yield number

    await in_parallel(hub, business.bearer, numbers(), send, CLIENTS)


async def again(hub: Hub, business: Business, ledger: Ledger) -> float:
    """Return how many seconds it took until a message was accepted."""
    loop, line = asyncio.get_running_loop(), Line(hub, business.bearer)
    began = loop.time()
    ledger.attempt("after", "after")
    reply = await line.insist(
        "/messages",
        {"body": "after", "providerMessageId": "after", "visitor": {"visitorId": "v_1"}},
    )
    line.close()
    assert reply.status == 200, reply
    ledger.answer("after", reply.body["id"])
    return loop.time() - began


async def shown(hub: Hub, business: Business) -> list[Found]:
    """Read every message through the API."""
    async with connected(hub, business.bearer) as client:
        there = await everything(client, "/messages")
    return [Found(m["providerMessageId"], m["id"], m["body"]) for m in there]


def integrity(disk: Disk) -> str:
    """Ask SQLite whether the file is whole."""
    with closing(sqlite3.connect(disk.folder / "hub.db")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


def make_room(hub: Hub, disk: Disk) -> None:
    """Free what something else took, or lift the limit."""
    if disk.filler:
        disk.filler.unlink()
        return
    pid = str(hub.process.pid)
    subprocess.run(("prlimit", "--pid", pid, "--fsize=unlimited:unlimited"), check=True)


async def test_a_full_disk_is_survived(hub: Hub, disk: Disk, record_property) -> None:
    """503 with `Retry-After`, reads go on, no 200 is lost; with room again, so does everything."""
    business = await new_business(disk.url, "acme")
    hub.start()
    ledger, refusals = Ledger(), []
    await fill(hub, business, ledger, refusals)

    assert set(refusals) == {(503, "5", FULL if disk.filler else REFUSED)}
    assert ledger.judge(await shown(hub, business)).clean
    assert ledger.judge(stored(disk.url)).clean
    assert integrity(disk) == "ok"

    make_room(hub, disk)
    seconds = await again(hub, business, ledger)
    record_property("disk full", f"{ledger.answered} acknowledged, accepting in {seconds:.1f} s")
    assert seconds <= AGAIN_SECONDS
    assert ledger.judge(await shown(hub, business)).clean
    assert integrity(disk) == "ok"
    words = hub.process.words(1_000_000)
    assert words.count("storage_trouble") == words.count("storage_well") == 1


async def test_a_disk_that_something_else_fills_can_be_tidied(hub: Hub, disk: Disk) -> None:
    """Every byte taken by another program: the ballast goes, and rows can still be deleted.

    And a hub that is started on the full disk starts.
    """
    if disk.filler is None:
        # A limit on files knows nothing of other programs.
        return
    business = await new_business(disk.url, "acme")
    hub.start()
    await again(hub, business, Ledger())
    ballast = disk.folder / "hub.db.ballast"
    await until(ballast.exists, 5)
    take_everything(disk)

    await until(lambda: not ballast.exists(), 5)
    hub.command("key", "create", "--org", "acme", "--kind", "server", "--name", "other")
    with closing(sqlite3.connect(disk.folder / "hub.db")) as connection, connection:
        connection.execute("DELETE FROM event")
    hub.process.stop()
    hub.start()
    assert len(await shown(hub, business)) == 1


def take_everything(disk: Disk) -> None:
    """Write until the disk has no byte left."""
    with (disk.folder / "other").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return
