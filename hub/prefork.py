"""Several processes on one port: a parent that forks them, watches them and stops them.

Forked after the imports, a process is ready in a fraction of the time that a new interpreter takes.
The parent opens no connection and runs no loop once it forks.
"""

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from types import FrameType

PROCESSES = "HUB_PROCESSES"
"""How many share the limits of this server while there is no Redis to count for all."""
FIGURES = "PROMETHEUS_MULTIPROC_DIR"

_PAUSE_SECONDS = 0.5
"""Before a process that died at once is replaced, so that a broken one does not spin."""


def bind(host: str, port: int) -> socket.socket:
    """Listen where every process of the server will accept; `OSError` when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def announce(processes: int) -> None:
    """Leave in the environment what the processes must know of each other.

    Before anything else is imported: where figures are kept is decided by an import.
    """
    os.environ[PROCESSES] = str(processes)
    os.environ.setdefault(FIGURES, tempfile.mkdtemp(prefix="hub-metrics-"))


class Prefork:
    """Keeps `processes` children alive until a signal says to stop."""

    def __init__(self, child: Callable[[], None], processes: int) -> None:
        """`child` is what each process does until SIGTERM; it returns or exits by itself."""
        self._child = child
        self._processes = processes
        self._born: dict[int, float] = {}
        self._stopping = False

    def run(self) -> None:
        """Fork, watch, and return when every child has ended after SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(self._processes):
            self._fork()
        while self._born:
            self._replace(*os.wait())

    def _replace(self, pid: int, _status: int) -> None:
        born = self._born.pop(pid, None)
        if born is None or self._stopping:
            return
        if time.monotonic() - born < _PAUSE_SECONDS:
            time.sleep(_PAUSE_SECONDS)
        if not self._stopping:
            self._fork()

    def _fork(self) -> None:
        pid = os.fork()
        if pid:
            self._born[pid] = time.monotonic()
            if self._stopping:
                _tell([pid])
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        status = 1
        try:
            self._child()
            status = 0
        finally:
            # Nothing of the parent's is to be run or flushed again here.
            os._exit(status)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        _tell(self._born)


def _tell(pids: Iterable[int]) -> None:
    for pid in list(pids):
        os.kill(pid, signal.SIGTERM)
