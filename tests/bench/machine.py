"""What it ran on: without it no figure means anything to somebody else."""

import os
import platform
import sqlite3
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from tests.bench import load
from tests.support import postgres, redis

PACKAGES = {
    "litestar": "Litestar",
    "msgspec": "msgspec",
    "sqlalchemy": "SQLAlchemy",
    "asyncpg": "asyncpg",
    "uvicorn": "uvicorn",
    "uvloop": "uvloop",
    "httptools": "httptools",
    "redis": "redis-py",
    "hiredis": "hiredis",
}
_GIB = 1 << 30


class Machine(Struct, frozen=True):
    """Hardware, system and versions."""

    cores: int
    memory_gib: float
    processor: str
    kernel: str
    file_system: str
    versions: dict[str, str]


def look() -> Machine:
    """Describe this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / _GIB, 1),
        processor=_processor(),
        kernel=f"{platform.system()} {platform.release()}",
        file_system=file_system(Path(tempfile.gettempdir()), _read("/proc/mounts")),
        versions=_versions(),
    )


def file_system(folder: Path, mounts: str) -> str:
    """Return the kind of file system a folder is on, by the lines of `/proc/mounts`."""
    kinds = {Path(line.split()[1]): line.split()[2] for line in mounts.splitlines()}
    return next(kinds[path] for path in (folder, *folder.parents) if path in kinds)


def _processor() -> str:
    lines = _read("/proc/cpuinfo").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _read(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


def _versions() -> dict[str, str]:
    servers = {
        "PostgreSQL": (postgres.preferred() / "postgres", "--version", 2),
        "Redis": (redis.preferred(), "--version", 2),
        "wrk": (load.program(), "-v", 1),
    }
    return {
        "Python": platform.python_version(),
        **{label: version(name) for name, label in PACKAGES.items()},
        "SQLite": sqlite3.sqlite_version,
        **{name: _word(*command) for name, command in servers.items()},
    }


def _word(program: Path | str, option: str, position: int) -> str:
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    # Redis says `v=7.0`, and a distribution's wrk puts its name before the number.
    return done.stdout.split()[position].removeprefix("v=").rpartition("/")[2]
