"""Real hub processes: the `clonvo` command as an operator runs it, on a free port."""

import http.client
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.processes import Process, free_port

START_SECONDS = 30
COMMAND_SECONDS = 60
SECRET = "a secret that only tests use, long enough for any check"
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


class Hub:
    """One `clonvo serve`: its group of processes, its address, and the commands beside it."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        host: str = "127.0.0.1",
        inside: Sequence[str] = (),
    ) -> None:
        """Prepare it in `folder`; `settings` are environment variables (`DATABASE_URL`, ...).

        `inside` is what a command begins with to run at another place that has this `host`.
        """
        self.folder = folder
        self.host = host
        self.port = free_port()
        self._inside = inside
        self._environ = environment(settings)
        self._process: Process | None = None
        self._started: list[Process] = []

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    @property
    def process(self) -> Process:
        """Return the running group: `stop`, `kill`, `freeze`, `words`."""
        assert self._process, "the hub was not started"
        return self._process

    def start(self, *arguments: str) -> None:
        """Serve, always at the same address, and return when the hub says that it is ready."""
        address = ("--host", self.host, "--port", str(self.port))
        self._process = self._begin("serve", *address, *arguments)
        self._process.wait_until(self._is_ready, START_SECONDS)

    def command(self, *arguments: str, words: str = "") -> str:
        """Run one `clonvo` command to its end; return what it printed, raise when it failed.

        `words` go to its standard input.
        """
        done = subprocess.run(
            self._clonvo(arguments),
            input=words,
            capture_output=True,
            text=True,
            check=False,
            env=self._environ,
            cwd=self.folder,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"clonvo {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def worker(self) -> Process:
        """Start a `clonvo worker` beside it."""
        return self._begin("worker")

    def close(self) -> None:
        """Kill what runs still."""
        for process in self._started:
            process.kill()

    def _begin(self, *arguments: str) -> Process:
        log = self.folder / f"{len(self._started)}-{arguments[0]}.log"
        process = Process(self._clonvo(arguments), log=log, environ=self._environ, cwd=self.folder)
        self._started.append(process)
        return process

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _clonvo(self, arguments: Sequence[str]) -> list[str]:
        return [*self._inside, sys.executable, "-m", "hub", *arguments]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return a bare environment with these settings: nothing of the caller's gets through."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept |= {name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")}
    return kept | {"HUB_SECRET": SECRET, "PYTHONUNBUFFERED": "1"} | dict(settings)
