"""A SQLite file is upgraded on a copy: whole at any moment, and nobody else is in it."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import SettingError
from hub.store import gate, upgrade
from hub.store.gate import Gate
from hub.store.sqlite import SqliteDatabase

ENDED = 9
# Each is a call inside of `upgrade`; the process ends just before or just after it.
STEPS = {
    "while copying": ("upgrade._copy", "before"),
    "after copying": ("upgrade._copy", "after"),
    "before the old one is kept": ("os.link", "before"),
    "after the old one was kept": ("os.link", "after"),
    "after the new one is in place": ("Path.replace", "after"),
}
KILLED = """
import os, sys
from pathlib import Path
from hub.store import upgrade
from tests.hub.store.test_upgrade import add_column

owner, _, name = sys.argv[2].partition(".")
owner = {"upgrade": upgrade, "os": os, "Path": Path}[owner]
run = getattr(owner, name)

def end(*arguments):
    if sys.argv[3] == "after":
        run(*arguments)
    os._exit(9)

setattr(owner, name, end)
upgrade.upgrade(Path(sys.argv[1]), "0001", add_column)
"""


def add_column(file: Path) -> str:
    """Migrate: every row says how long it is."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE t ADD COLUMN length INTEGER")
        connection.execute("UPDATE t SET length = length(x)")
    return "added"


def rows(file: Path) -> list[tuple[object, ...]]:
    """Return what is in the table, opened as anybody would."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT * FROM t").fetchall()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database whose last row is only in the log, left there by a process that was killed."""
    made, path = tmp_path / "made.db", tmp_path / "hub.db"
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES ('one')")
        connection.commit()
        for ending in ("", "-wal"):
            shutil.copyfile(f"{made}{ending}", f"{path}{ending}")
    path.chmod(0o640)
    return path


def test_the_new_file_has_what_the_log_had_and_the_old_one_is_kept(file: Path) -> None:
    """With the mode of the old one, and nothing else beside it."""
    assert upgrade.upgrade(file, "0001", add_column) == "added"

    kept = file.with_name("hub.db.before-0001")
    assert rows(file) == [("one", 3)]
    assert rows(kept) == [("one",)]
    assert file.stat().st_mode & 0o777 == 0o640
    assert {path.name for path in file.parent.glob("hub.db*")} == {file.name, kept.name}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_a_whole_file_is_there_and_the_next_try_ends_it(
    file: Path, step: str
) -> None:
    """The old one or the new one, never half of it or none."""
    command = [sys.executable, "-c", KILLED, str(file), *STEPS[step]]
    root = Path(__file__).parents[3]
    assert subprocess.run(command, check=False, cwd=root, timeout=60).returncode == ENDED

    in_place = step == "after the new one is in place"
    assert rows(file) == [("one", 3) if in_place else ("one",)]
    if not in_place:
        upgrade.upgrade(file, "0001", add_column)
    assert rows(file) == [("one", 3)]
    assert rows(file.with_name("hub.db.before-0001")) == [("one",)]


def test_a_migration_that_fails_leaves_the_old_file_alone(file: Path) -> None:
    """And no copy."""

    def fail(copy: Path) -> None:
        add_column(copy)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        upgrade.upgrade(file, "0001", fail)

    assert rows(file) == [("one",)]
    assert [path.name for path in file.parent.glob("hub.db*")] == [file.name]


def test_who_does_not_know_the_gate_is_found(file: Path, monkeypatch) -> None:
    """Another program has the file open: no upgrade, and it is told what to do."""
    monkeypatch.setattr(upgrade, "_PATIENCE_SECONDS", 0.1)
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT * FROM t").fetchall()
        with pytest.raises(SettingError, match=r"another program has .* open"):
            upgrade.upgrade(file, "0001", add_column)
    assert rows(file) == [("one",)]


def test_without_room_for_the_copy_nothing_begins(file: Path, monkeypatch) -> None:
    """The line says how much is needed."""
    monkeypatch.setattr(upgrade, "_ROOM_FACTOR", 1 << 50)
    with pytest.raises(SettingError, match=r"needs .* MiB free"):
        upgrade.upgrade(file, "0001", add_column)


async def test_an_open_database_keeps_upgrades_out_and_an_upgrade_keeps_it_out(
    tmp_path: Path, monkeypatch
) -> None:
    """Each waits for the other, and not forever."""
    monkeypatch.setattr(gate, "WAIT_SECONDS", 0.1)
    file = tmp_path / "hub.db"
    database, own = SqliteDatabase(file), Gate(file)
    with pytest.raises(SettingError, match="another process uses"), own.alone():
        pass

    with database.set_aside(), own.alone():
        with pytest.raises(SettingError, match="is being upgraded"):
            SqliteDatabase(file)
        own.leave()
    assert await database.read(lambda c: c.exec_driver_sql("SELECT 1").scalar()) == 1
    await database.close()
    with closing(own), own.alone():
        pass
