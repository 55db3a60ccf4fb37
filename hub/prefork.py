"""Several processes on one port: a parent that forks them, watches, replaces and stops them.

Forked after the imports, a process is ready in a fraction of the time that a new interpreter takes.
The parent opens no connection and runs no loop once it forks.

On SIGHUP it starts itself anew, with whatever code and settings there are by then, while the
processes it has go on; then it replaces them one by one, each only when its successor answers.
"""

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog
from msgspec import Struct

from hub import figures, handover
from hub.errors import SettingError
from hub.handover import Handover

PROCESSES = "HUB_PROCESSES"
"""How many share the limits of this server while there is no Redis to count for all."""
FIGURES = "PROMETHEUS_MULTIPROC_DIR"

_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 10.0
"""Before one that ended too early is replaced: longer each time, as long as none answers."""
_ANSWERS = b"."
_MOST_BYTES = 4096

log = structlog.get_logger(__name__)
Child = Callable[[Callable[[], None]], None]
"""What a process does until SIGTERM; it calls what it is given once it answers, and raises
`SettingError` when it cannot start."""


def announce(processes: int) -> None:
    """Leave in the environment what the processes must know of each other.

    Before anything else is imported: where figures are kept is decided by an import.
    """
    os.environ[PROCESSES] = str(processes)
    # Also there when we start ourselves anew, or try whether we could.
    if FIGURES not in os.environ:
        os.environ[FIGURES] = figures.make()


def retract() -> None:
    """Remove what `announce` made in this process, when its processes have ended."""
    if figures.remove(Path(os.environ.get(FIGURES, ""))):
        del os.environ[FIGURES]


def runs(pid: int) -> bool:
    """Tell whether there is such a process on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Process(Struct):
    """A process of ours: when it began, and the pipe on which it says that it answers."""

    born: float
    pipe: int | None


class Prefork:
    """Keeps `processes` children alive until a signal says to stop."""

    def __init__(self, child: Child, processes: int, listening: socket.socket) -> None:
        """`child` serves on `listening`, and returns or exits by itself."""
        self._child = child
        self._processes = processes
        self._listening = listening
        left = handover.taken_over()
        self._lifeline = left.lifeline if left else os.pipe()
        self._predecessors = list(left.serving) if left else []
        self._going = set(left.going) if left else set()
        self._children: dict[int, _Process] = {}
        self._rehearsal: int | None = None
        self._stopping = False
        self._failure = ""
        self._has_begun = bool(self._predecessors)
        self._restart_wanted = False
        self._not_before = 0.0
        self._pause = _PAUSE_SECONDS
        self._wake_read, self._wake_write = os.pipe()

    def run(self) -> None:
        """Fork, watch, and return when every child has ended after SIGTERM or SIGINT.

        Raises `SettingError` when one said why it cannot start before any other answered.
        """
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (*handover.SIGNALS, signal.SIGCHLD):
            signal.signal(number, self._heed)
        handover.finish()
        while not self._stopping or self._everyone():
            if self._stopping:
                # Again at each turn: it does no harm, and nobody is left out.
                self._tell(self._everyone())
            else:
                self._supply()
                self._restart()
            self._wait()
            self._bury()
        if self._failure:
            raise SettingError(self._failure)

    def _heed(self, number: int, _frame: object) -> None:
        """Take note of a signal; `_wait` returns for each."""
        if number in {signal.SIGTERM, signal.SIGINT}:
            self._stopping = True
        elif number == signal.SIGHUP:
            self._restart_wanted = True

    def _everyone(self) -> set[int]:
        return {*self._children, *self._predecessors, *self._going}

    def _supply(self) -> None:
        """Fork what is missing; while there are predecessors only one at a time."""
        missing = self._processes - len(self._children)
        if self._predecessors:
            starting = any(process.pipe is not None for process in self._children.values())
            missing = 0 if starting else min(missing, 1)
        if time.monotonic() >= self._not_before:
            for _ in range(missing):
                # A signal comes before the fork, or when the child is known and can heed it.
                with handover.held():
                    if not self._stopping:
                        self._fork()

    def _wait(self) -> None:
        """Return when a signal came, a child answers, or a pause is over."""
        pipes = {process.pipe: pid for pid, process in self._children.items() if process.pipe}
        pause = self._not_before - time.monotonic()
        timeout = pause if pause > 0 else None
        readable, _, _ = select.select([self._wake_read, *pipes], [], [], timeout)
        for descriptor in readable:
            if descriptor == self._wake_read:
                os.read(descriptor, 4096)
            else:
                self._hear(self._children[pipes[descriptor]])

    def _hear(self, process: _Process) -> None:
        """Take note of what a child says of its start; one that ends without a word failed too."""
        assert process.pipe is not None
        word = os.read(process.pipe, _MOST_BYTES)
        os.close(process.pipe)
        process.pipe = None
        if word == _ANSWERS:
            self._pause = _PAUSE_SECONDS
            self._has_begun = True
            self._relieve()
            return
        self._rest(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        reason = word.decode(errors="replace")
        if not reason or self._stopping:
            return
        if self._has_begun:
            log.error("start_failed", reason=reason)
        else:
            self._failure, self._stopping = reason, True

    def _relieve(self) -> None:
        """Let a predecessor go for a child that answers."""
        if self._predecessors:
            self._let_go(self._predecessors.pop(0))
            if not self._predecessors:
                log.info("restarted", processes=self._processes)

    def _rest(self, seconds: float) -> None:
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _let_go(self, pid: int) -> None:
        self._going.add(pid)
        self._tell({pid})

    def _bury(self) -> None:
        """Take note of who has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._rehearsal:
                self._rehearsal = None
                self._rehearsed(status)
            self._going.discard(pid)
            if pid in self._predecessors:
                self._predecessors.remove(pid)
            process = self._children.pop(pid, None)
            if process:
                if process.pipe is not None:
                    self._hear(process)
                elif time.monotonic() - process.born < _PAUSE_SECONDS:
                    self._rest(_PAUSE_SECONDS)

    def _restart(self) -> None:
        """Find out whether a new start would succeed, once the restart before has come to its end.

        Meanwhile everything goes on.
        """
        if self._restart_wanted and self._rehearsal is None and not self._predecessors:
            self._restart_wanted = False
            log.info("restarting")
            try:
                self._rehearsal = handover.rehearse()
            except OSError as error:
                log.error("restart_refused", cause=str(error))  # noqa: TRY400 - the cause is all

    def _rehearsed(self, status: int) -> None:
        """Start anew when that would succeed; else all stays as it is."""
        if self._stopping:
            return
        if status:
            log.error("restart_refused", status=os.waitstatus_to_exitcode(status))
            return
        ours = tuple(self._children), tuple(self._going)
        try:
            # A stop that we know of would be forgotten; one that comes from here on waits.
            with handover.held():
                if not self._stopping:
                    handover.execute(Handover(self._listening.fileno(), self._lifeline, *ours))
        except OSError as error:
            log.error("restart_refused", cause=str(error))  # noqa: TRY400 - the cause is all

    def _fork(self) -> None:
        told, tell = os.pipe()
        pid = os.fork()
        if pid:
            os.close(tell)
            self._children[pid] = _Process(time.monotonic(), told)
            return
        status = 1
        try:
            os.close(told)
            self._become_child()
            self._child(partial(_say, tell, _ANSWERS))
            status = 0
        except SettingError as error:
            _say(tell, str(error).encode()[:_MOST_BYTES])
        finally:
            # Nothing of the parent's is to be run or flushed again here.
            os._exit(status)

    def _become_child(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        # A restart is the parent's to do, also when the whole group is told.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        handover.release()
        os.close(self._lifeline[1])
        for process in self._children.values():
            if process.pipe is not None:
                os.close(process.pipe)
        os.close(self._wake_read)
        os.close(self._wake_write)
        threading.Thread(target=_end_with_parent, args=(self._lifeline[0],), daemon=True).start()

    @staticmethod
    def _tell(pids: set[int]) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _say(pipe: int, word: bytes) -> None:
    # The parent may have started itself anew since, and forgotten whom it waited for.
    with contextlib.suppress(OSError):
        os.write(pipe, word)
    os.close(pipe)


def _end_with_parent(lifeline: int) -> None:
    """Stop when the parent is gone, however it went: nobody would stop us, and the port is ours."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
