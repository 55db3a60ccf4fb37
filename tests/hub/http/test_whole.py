"""An answer in one piece, and a body that has arrived: the client sees no difference."""

import gc
import time
from collections.abc import Callable

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from hub.api import body as bodies
from tests.hub.http.running import PIECE, SECONDS, Client, Running
from tests.support.processes import wait_for

Serve = Callable[..., Running]


def post(client: Client, path: str, body: bytes) -> Client:
    """Send a whole request in one piece."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return client.send(head.encode() + body)


def test_a_connection_goes_on_after_an_answer_in_one_piece(serve: Serve) -> None:
    """One after the other, and many that were asked for at once."""
    server = serve()
    client = server.connect()
    first = client.get("/whole").read()

    client.get("/whole").get("/early").get("/whole")

    others = [client.read().body for _ in range(3)]
    assert (first.status, first.body, "connection" in first.headers) == (200, b"whole", False)
    assert others == [b"whole", b"early", b"whole"]
    assert server.app.whole == [True] * 3
    assert {"date", "content-length"} <= set(first.headers)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /whole HTTP/1.0\r\nHost: x\r\n\r\n",
    ],
)
def test_a_client_that_asks_for_an_end_gets_it(serve: Serve, sent: bytes) -> None:
    """By the header or by HTTP/1.0: the answer says so once, and the connection ends."""
    server = serve()
    client = server.connect().send(sent)

    told = client.rest()

    assert told.count(b"connection: close\r\n") == 1
    assert told.endswith(b"\r\n\r\nwhole")
    assert server.app.whole == [True]


def test_a_header_with_a_line_break_is_never_sent(serve: Serve) -> None:
    """It would be two headers, or the beginning of another answer: it is our error instead."""
    reply = serve().connect().get("/broken").read()

    assert reply.status == 500
    assert not {"x-one", "x-two"} & set(reply.headers)


def test_a_client_that_does_not_keep_up_gets_the_same_bytes(serve: Serve) -> None:
    """Whoever has not read the answer before is waited for: the answer goes the long way."""
    server = serve()
    client = server.connect(receive_buffer=4096)
    expected = server.connect().get("/whole").read()

    client.get("/large").get("/whole")
    assert wait_for(lambda: len(server.app.whole) == 2, SECONDS)
    first, second = client.read(), client.read()

    assert server.app.whole == [True, False]
    assert first.body == PIECE * 256
    assert (second.status, second.body) == (expected.status, expected.body)
    assert set(second.headers) == set(expected.headers)


def test_whoever_asks_for_headers_gets_no_body(serve: Serve) -> None:
    """HEAD: the length of what a GET would bring, and then the next answer."""
    server = serve()
    client = server.connect().send(b"HEAD /whole HTTP/1.1\r\nHost: x\r\n\r\n").get("/whole")

    told = b""
    while not told.endswith(b"whole"):
        told += client.socket.recv(4096)

    assert told.count(b"content-length: 5\r\n") == 2
    assert told.count(b"\r\n\r\nwhole") == 1


def test_a_client_that_has_gone_is_no_error(serve: Serve) -> None:
    """The answer counts as written, and nobody waits for anything."""
    server = serve()
    client = server.connect().get("/late")
    assert wait_for(lambda: server.app.asked == ["/late"], SECONDS)

    client.close()

    assert wait_for(lambda: server.app.ended == ["/late"], SECONDS)
    assert server.app.whole == [True]


@pytest.mark.parametrize("path", ["/body", "/slowly"])
def test_a_body_is_the_same_whichever_way_it_is_read(serve: Serve, path: str) -> None:
    """With its headers, after them, in chunks; one byte too many is 413, declared or not."""
    server = serve()
    client = server.connect()
    chunked = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

    for body, status in ((b"0123456789", 200), (b"0123456789x", 413), (b"", 200)):
        assert post(client, path, body).read().status == status
        chunks = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        together = client.send(chunked + chunks).read()
        before = len(server.app.asked)
        client.send(chunked)
        assert wait_for(lambda so_far=before: len(server.app.asked) > so_far, SECONDS)
        apart = client.send(chunks).read()

        assert [together.status, apart.status] == [status, status]
        assert together.body == apart.body
        assert status != 200 or together.body == body


@pytest.mark.parametrize("path", ["/body", "/slowly"])
def test_a_client_that_asks_whether_to_send_is_told_to(serve: Serve, path: str) -> None:
    """`Expect: 100-continue`: told to go on while the body is missing."""
    client = serve().connect()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"

    assert client.send(head.encode()).read().status == 100
    assert client.send(b"body").read().body == b"body"


@pytest.mark.parametrize("path", ["/body", "/slowly"])
def test_the_socket_of_a_slow_body_ends(
    serve: Serve, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408 and `Connection: close`, once: nobody listens to the rest."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.3)
    client = serve().connect()
    began = time.monotonic()

    client.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbo".encode())
    told = client.rest()

    assert told.startswith(b"HTTP/1.1 408 ")
    assert told.count(b"connection: close\r\n") == 1
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("path", ["/whole", "/body"])
def test_a_request_leaves_nothing_to_the_collector(serve: Serve, path: str) -> None:
    """What it was made of goes with its answer: memory that is used anew is warm."""
    client = serve().connect()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            assert post(client, path, b"hi").read().status == 200
        kept = [one for one in gc.get_objects() if isinstance(one, RequestResponseCycle)]
        # The last one stays with its connection.
        assert len(kept) <= 2
    finally:
        gc.enable()
