"""What a parent leaves to itself, and the socket that all its processes listen on."""

import socket
from contextlib import closing

import pytest

from hub.handover import HANDOVER, Handover, bind, finish, is_ours, taken_over


def test_nothing_is_taken_over_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that begins from nothing binds its own socket."""
    monkeypatch.delenv(HANDOVER, raising=False)

    assert taken_over() is None
    assert not is_ours()
    with closing(bind("127.0.0.1", 0)) as listening:
        assert listening.getsockname()[1]


def test_the_socket_is_the_one_that_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a new start it listens where it did, and then forgets that it was left anything."""
    with closing(bind("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        left = f'{{"listening": {first.fileno()}, "lifeline": [1, 2], "serving": [7]}}'
        monkeypatch.setenv(HANDOVER, left)

        assert is_ours()
        assert taken_over() == Handover(first.fileno(), (1, 2), (7,))
        second = bind("127.0.0.1", 0)
        assert second.getsockname()[1] == port
        # Two objects, one descriptor: only one may close it.
        second.detach()
        finish()
        assert taken_over() is None


def test_a_connection_inherits_what_the_kernel_may_keep() -> None:
    """Little of what is unread, and nobody for longer than a minute without a word."""
    with closing(bind("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        with client, accepted:
            kept = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
            unheard = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert (kept, unheard) == (131_072, 60_000)
