"""What the servers of the tests have in common: each is ours to stop, kill, freeze and remove."""

import shutil
import signal
import tempfile
from pathlib import Path

from tests.support.processes import Process


class Server:
    """A process with a folder of its own; a kind of server knows how to start it."""

    stops_by = signal.SIGTERM

    def __init__(self, prefix: str) -> None:
        """Make the folder."""
        self._folder = Path(tempfile.mkdtemp(prefix=prefix))
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Return the process that all others of the running server come from."""
        assert self._process, "the server was not started"
        return self._process.pid

    def stop(self) -> None:
        """Shut down in order; clients are disconnected."""
        self._end(self.stops_by)

    def kill(self) -> None:
        """End every process of the server with `kill -9`."""
        if self._process:
            self._process.kill()

    def freeze(self) -> None:
        """Let nothing answer: connections stay open and hang."""
        if self._process:
            self._process.freeze()

    def thaw(self) -> None:
        """Go on after `freeze`."""
        if self._process:
            self._process.thaw()

    def remove(self) -> None:
        """Kill the server and delete its folder."""
        self.kill()
        shutil.rmtree(self._folder)

    def _end(self, number: signal.Signals) -> None:
        if self._process:
            self._process.stop(number)
