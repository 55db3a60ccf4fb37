"""How a SQLite file is opened."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hub.store.sqlite import sqlite_engine

FILES, TOGETHER = 100, 8


def test_many_open_a_new_file_at_once(tmp_path: Path) -> None:
    """None is told that it is locked: of two that make its log one has to come back."""

    def open_it(file: Path) -> str:
        engine = sqlite_engine(file)
        try:
            with engine.begin() as connection:
                return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
        finally:
            engine.dispose()

    with ThreadPoolExecutor(TOGETHER) as threads:
        for number in range(FILES):
            file = tmp_path / f"{number}.db"
            modes = set(threads.map(open_it, [file] * TOGETHER))
            assert modes == {"wal"}
