"""What the parent of a server leaves to itself when it starts itself anew.

A program that executes itself again keeps its process id, its children and its open sockets, and
forgets all else. What it must know then stands in the environment for that moment.
"""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

import msgspec

HANDOVER = "HUB_HANDOVER"
REHEARSAL = "HUB_REHEARSAL"
"""Set for a process that only finds out whether a new start would succeed."""
_RESTRAINTS = {"TCP_NOTSENT_LOWAT": 128 * 1024, "TCP_USER_TIMEOUT": 60_000}
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Handover(msgspec.Struct, frozen=True):
    """The listening socket, the lifeline's two ends, the processes that serve, and who is going."""

    listening: int
    lifeline: tuple[int, int]
    serving: tuple[int, ...]
    going: tuple[int, ...] = ()
    """Those that were told to stop by a restart before, and still finish what they have."""


def taken_over() -> Handover | None:
    """Return what was left to this process; None when it begins from nothing."""
    text = os.environ.get(HANDOVER)
    return msgspec.json.decode(text, type=Handover) if text else None


def bind(host: str, port: int) -> socket.socket:
    """Listen where every process of the server will accept; `OSError` when the port is taken.

    Where we listen already, from before a new start, that is the socket.
    """
    left = taken_over()
    if left:
        return socket.socket(fileno=left.listening)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _restrain(listening)
    listening.bind((host, port))
    listening.listen(2048)
    return listening


def _restrain(listening: socket.socket) -> None:
    """Let the kernel keep little of what a client does not read, else it is megabytes of each.

    And let it give up a client that is gone without a word after a minute, not after fifteen. Each
    connection inherits both. Systems that know no such thing do as they like.
    """
    for name, value in _RESTRAINTS.items():
        option = getattr(socket, name, None)
        if option is not None:
            listening.setsockopt(socket.IPPROTO_TCP, option, value)


def rehearse() -> int:
    """Start this command line anew as a process that only tries, and return its id."""
    return os.posix_spawn(sys.executable, _command(), {**os.environ, REHEARSAL: "1"})


def is_rehearsal() -> bool:
    """Tell whether this process is to find out whether it could start, and to end then."""
    return REHEARSAL in os.environ


def is_ours() -> bool:
    """Tell whether the port is one that we, or who starts us, listen on already."""
    return is_rehearsal() or HANDOVER in os.environ


def execute(handover: Handover) -> NoReturn:
    """Become the program that the command line names now; `OSError` when there is none.

    To be called while signals are `held`, until it can heed them: one that came in between would
    end us, and leave the processes that serve without a parent.
    """
    for descriptor in (handover.listening, *handover.lifeline):
        os.set_inheritable(descriptor, True)  # noqa: FBT003
    environ = {**os.environ, HANDOVER: msgspec.json.encode(handover).decode()}
    os.execve(sys.executable, _command(), environ)  # noqa: S606 - our own command line


def finish() -> None:
    """Forget what was left, which is nobody else's, and take the signals that waited for it."""
    os.environ.pop(HANDOVER, None)
    release()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let signals wait meanwhile; those that came before have been handled when this begins.

    A process that is forked, or a program that is executed, begins with signals held.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        release()


def release() -> None:
    """Take the signals that wait, and all that come."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]
