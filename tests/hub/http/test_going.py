"""A server that goes."""

import time
from collections.abc import Callable

import pytest

from tests.hub.http.running import SECONDS, Running
from tests.support.processes import wait_for

Serve = Callable[..., Running]


def test_a_stream_is_told_and_ends_in_order(serve: Serve) -> None:
    """It hears that the server is going, says a last word, and the client sees a whole answer."""
    server = serve()
    client = server.connect().get("/stream")
    client.read()
    began = time.monotonic()

    server.stop()

    assert client.rest().endswith(b"event: end\n\n\r\n0\r\n\r\n")
    assert time.monotonic() - began < 4


def test_a_stream_that_does_not_listen_is_cut_off(serve: Serve) -> None:
    """The stop takes no longer than the grace."""
    server = serve(grace_seconds=1)
    client = server.connect().get("/endless")
    client.read()
    began = time.monotonic()

    server.stop()

    assert time.monotonic() - began < 4
    with pytest.raises(AssertionError):
        assert client.rest().endswith(b"0\r\n\r\n")


def test_what_is_under_way_is_answered(serve: Serve) -> None:
    """A request that is being answered gets its answer, which says that this was the last."""
    server = serve()
    client = server.connect().get("/slow")
    assert wait_for(lambda: server.app.asked == ["/slow"], SECONDS)

    server.stop()

    reply = client.read()
    assert (reply.body, reply.headers["connection"]) == (b"slow", "close")
    assert client.rest() == b""


def test_a_request_on_the_wire_is_answered(serve: Serve) -> None:
    """Connections used before and never used are heard once more after the server was told."""
    server = serve(linger_seconds=2)
    used, fresh = server.connect(), server.connect()
    assert used.get().read().status == 200
    assert wait_for(lambda: server.connections == 2, SECONDS)

    server.begin_stop()
    assert wait_for(lambda: server.server._watch.going, SECONDS)

    for client in (used, fresh):
        reply = client.get().read()
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert client.rest() == b""


def test_silent_connections_do_not_hold_it_up(serve: Serve) -> None:
    """They are heard for a moment, and then it goes."""
    server = serve(keep_alive_seconds=60)
    client = server.connect()
    assert client.get().read().status == 200
    began = time.monotonic()

    server.stop()

    assert client.rest() == b""
    assert time.monotonic() - began < 4


def test_it_says_when_it_answers(serve: Serve) -> None:
    """Whoever waits for a successor is told once."""
    told: list[str] = []

    serve(ready=lambda: told.append("ready"))

    assert wait_for(lambda: told == ["ready"], SECONDS)
