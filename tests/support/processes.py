"""Start and end real processes: each in a group of its own, none outliving the tests."""

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

ACCOUNTS = ("postgres", "nobody")
POLL_SECONDS = 0.01
KILL_SECONDS = 10
_WATCH = "read -r _; kill -9 -{pid}"


class NotStartedError(Exception):
    """A process did not come up; its last words are in the text."""


class Process:
    """One process that leads a group. Its words go to a log file that is made anew."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        account: str | None = None,
    ) -> None:
        """Start the command; as `account` when one is named, which only root can do."""
        self.log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=None if environ is None else dict(environ),
                cwd=cwd,
                start_new_session=True,
                **as_account(account),
            )
        # Holds the other end of a pipe of ours: however we end, the group ends too.
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH.format(pid=self.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return the id of the process, which is also the id of its group."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Tell whether the process runs still."""
        return self._popen.poll() is None

    def words(self, most: int = 4000) -> str:
        """Return the end of what the process wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-most:]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself; one that has ended gets none."""
        self._popen.send_signal(number)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when it is ready; raise `NotStartedError` when it ends or takes too long."""
        came = wait_for(lambda: not self.alive or ready(), seconds)
        if came and self.alive:
            return
        state = "is not ready" if self.alive else f"ended ({self._popen.returncode})"
        self.kill()
        raise NotStartedError(f"{self._popen.args[0]} {state}:\n{self.words()}")

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """Ask the process to end and return its exit code; what is left of the group is killed.

        Raises `subprocess.TimeoutExpired` when it had to be killed.
        """
        self.send(number)
        try:
            return self._popen.wait(seconds)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process and all it started, at once (`kill -9`), and see them gone."""
        started = self._family()
        self._signal_group(signal.SIGKILL)
        for process in started:
            # PostgreSQL gives each process a session of its own: the group's signal misses them.
            _signal(process, signal.SIGKILL)
        self._popen.wait()
        wait_for(lambda: all(_gone(process) for process in started), KILL_SECONDS)
        self._unwatch()

    def freeze(self) -> None:
        """Stop it and all it started where they stand: sockets stay open and answer nothing."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let what is frozen go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        family = self._family()
        self.send(number)
        for process in family:
            _signal(process, number)

    def _family(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children(recursive=True) if self.alive else []
        except psutil.NoSuchProcess:
            return []

    def _signal_group(self, number: signal.Signals) -> None:
        # A leader that has been waited for may have left a group behind, or another's number.
        if self._watch.poll() is None:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return

    def _unwatch(self) -> None:
        self._watch.kill()
        self._watch.communicate()


def as_account(name: str | None) -> dict[str, object]:
    """Return the arguments that make `subprocess` run something as that account."""
    if name is None:
        return {}
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def unprivileged() -> str | None:
    """Return the account that a server which refuses root runs as; None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ACCOUNTS if name in known)


def wait_for(answer: Callable[[], bool], seconds: float) -> bool:
    """Ask until the answer is yes, for so many seconds at most; tell whether it was."""
    end = time.monotonic() + seconds
    while not answer():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _gone(process: psutil.Process) -> bool:
    # Who inherits an orphan may take its time to bury it: a zombie holds nothing any more.
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
