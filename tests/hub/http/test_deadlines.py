"""Who is late, and who only seems to be."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from hub.auth.proxies import networks
from hub.http import limits
from hub.http.limits import Limits
from hub.http.watch import Watch
from hub.settings import Settings
from tests.hub.http.running import SECONDS, Running
from tests.support.processes import wait_for

Serve = Callable[..., Running]
heavy = partial(pytest.param, marks=pytest.mark.heavy)


def test_a_silent_client_is_left(serve: Serve) -> None:
    """Who connects and says nothing gets no answer, only an end."""
    client = serve(head_seconds=0.5).connect()

    assert client.rest() == b""


def test_headers_that_trickle_are_cut_off(serve: Serve) -> None:
    """Bytes that keep coming do not move the deadline: 408 in our shape."""
    server = serve(head_seconds=1)
    client = server.connect().send(b"GET /early HTTP/1.1\r\n")
    began = time.monotonic()

    client.socket.settimeout(0.1)
    reply = None
    while reply is None and time.monotonic() < began + SECONDS:
        client.send(b"X: y\r\n")
        try:
            reply = client.socket.recv(4096)
        except TimeoutError:
            continue

    assert reply is not None
    assert reply.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b'{"error":"The request\'s headers did not arrive in time"' in reply
    assert 0.4 < time.monotonic() - began < 4


def test_the_deadline_holds_on_a_connection_that_was_used(serve: Serve) -> None:
    """The second request's headers have no more time than the first's."""
    client = serve(head_seconds=1, keep_alive_seconds=60).connect()
    assert client.get().read().status == 200

    assert client.send(b"GET /ear").read().status == 408


def test_silence_between_requests_ends_the_connection(serve: Serve) -> None:
    """After the keep-alive time, and blank lines do not count as a word."""
    client = serve(keep_alive_seconds=1).connect()
    assert client.get().read().status == 200
    began = time.monotonic()

    client.send(b"\r\n")

    assert client.rest() == b""
    assert 0.4 < time.monotonic() - began < 4


def test_a_body_nobody_waits_for_does_not_keep_the_connection(serve: Serve) -> None:
    """The answer came before the body: what trickles in afterwards has the keep-alive time."""
    server = serve(keep_alive_seconds=1)
    client = server.connect().send(b"POST /early HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
    assert client.read().body == b"early"

    client.send(b"x")

    assert wait_for(lambda: server.connections == 0, SECONDS)


@pytest.mark.parametrize("path", ["/large", "/pieces", "/last"])
def test_who_does_not_read_is_cut_off(serve: Serve, path: str) -> None:
    """Sixteen megabytes that nobody takes, in one or in many: the connection is reset, not kept."""
    server = serve(write_seconds=1, keep_alive_seconds=60)
    client = server.connect(receive_buffer=4096).get(path)
    assert wait_for(lambda: server.app.asked == [path], SECONDS)

    assert wait_for(lambda: server.connections == 0, SECONDS)
    with pytest.raises(ConnectionResetError):
        client.rest()


@pytest.mark.parametrize("path", ["/large", heavy("/pieces"), heavy("/last")])
def test_who_reads_slowly_but_reads_is_served(serve: Serve, path: str) -> None:
    """A client that takes a piece now and then gets all of it, however long it takes."""
    server = serve(write_seconds=1, keep_alive_seconds=1)
    client = server.connect(receive_buffer=4096).get(path)
    began, got = time.monotonic(), 0

    while time.monotonic() < began + 4:
        # So slowly that the kernel hands nothing on meanwhile.
        got += len(client.socket.recv(2048))
        time.sleep(0.02)
    assert server.connections == 1
    while got < 256 * 65_536:
        piece = client.socket.recv(2**20)
        assert piece
        got += len(piece)


def test_a_stream_that_is_read_goes_on(serve: Serve) -> None:
    """All deadlines pass it by."""
    server = serve(head_seconds=0.5, keep_alive_seconds=0.5, write_seconds=0.5)
    client = server.connect().get("/stream")
    client.read()
    began = time.monotonic()

    while time.monotonic() < began + 3:
        assert client.socket.recv(4096)


def test_an_address_has_so_many_connections(serve: Serve) -> None:
    """The third of two gets 503 and when to come back; another address does not mind."""
    server = serve(per_address=2)
    first, second = server.connect(), server.connect()
    assert first.get().read().status == second.get().read().status == 200

    refused = server.connect().get().read()
    assert (refused.status, refused.headers["retry-after"]) == (503, "2")
    assert refused.json()["error"] == "Too many connections"
    assert server.connect("127.0.0.2").get().read().status == 200

    first.close()
    assert wait_for(lambda: server.connect().get().read().status == 200, SECONDS)


def test_a_proxy_may_have_as_many_as_it_likes(serve: Serve) -> None:
    """The connections of a trusted proxy are those of many."""
    server = serve(per_address=1, trusted=networks(["127.0.0.0/8"]))

    clients = [server.connect() for _ in range(5)]

    assert {client.get().read().status for client in clients} == {200}


def test_a_process_has_so_many_connections(serve: Serve) -> None:
    """Beyond them everybody is told to come back."""
    server = serve(connections=2)
    kept = [server.connect(f"127.0.0.{number}") for number in (1, 2)]
    assert {client.get().read().status for client in kept} == {200}

    assert server.connect("127.0.0.3").get().read().status == 503


def test_the_clock_stands_while_the_loop_does() -> None:
    """Nobody is cut off for what could not be read while the process was held up."""
    watch = Watch(Limits())

    watch.look(set(), 100.0)
    watch.look(set(), 400.0)

    assert watch.now == 2.0


@pytest.mark.parametrize(("files", "most"), [(1024, 768), (300, 150), (100_000, 10_000)])
def test_connections_fit_into_the_open_files(files: int, most: int) -> None:
    """Some are kept for databases and logs, but never more than half."""
    assert limits.of(Settings(), files).connections == most
