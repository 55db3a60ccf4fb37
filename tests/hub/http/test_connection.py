"""One connection: what is read, what is refused and in which words."""

from collections.abc import Callable

import pytest

from tests.hub.http.running import SECONDS, Running
from tests.support.processes import wait_for

Serve = Callable[..., Running]

GARBLED = [
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="tls"),
    pytest.param(b"BREW /pot HTTP/1.1\r\n\r\n", 405, id="unknown verb"),
    pytest.param(b"get / HTTP/1.1\r\n\r\n", 400, id="small letters"),
    pytest.param(b"GET / HTTP/1.1\r\nA B: x\r\n\r\n", 400, id="header with a space"),
    pytest.param(b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", 400, id="header with a NUL"),
    pytest.param(b"GET http://[ HTTP/1.1\r\n\r\n", 400, id="target"),
    pytest.param(b"GET /caf\xe9 HTTP/1.1\r\n\r\n", 400, id="target not ascii"),
    pytest.param(
        b"POST /early HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        400,
        id="two lengths",
    ),
    pytest.param(b"POST /early HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, id="negative length"),
    pytest.param(
        b"POST /early HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        id="length and chunks",
    ),
]


@pytest.mark.parametrize(("sent", "status"), GARBLED)
def test_what_is_not_http_is_answered_in_our_shape(serve: Serve, sent: bytes, status: int) -> None:
    """An error with its status and a request id, then an orderly end; the app is not asked."""
    server = serve()
    client = server.connect().send(sent)

    reply = client.read()

    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["connection"] == "close"
    told = reply.json()
    assert set(told) == {"error", "requestId"}
    assert told["requestId"] == reply.headers["x-request-id"]
    assert client.rest() == b""
    assert server.app.asked == []


def test_headers_that_are_too_large_are_refused(serve: Serve) -> None:
    """In one piece or in many, one header or a thousand: 431, and the app is not asked."""
    server = serve()
    start = b"GET /early HTTP/1.1\r\n"
    in_one = b"Cookie: " + b"x" * 60_000 + b"\r\n\r\n"
    # More than lies in any buffer: who is still sending has to hear the answer too.
    endless = b"Cookie: " + b"x" * 16_000_000
    of_many = b"".join(b"h%d: x\r\n" % number for number in range(20_000))

    for head in (in_one, of_many, endless):
        reply = server.connect().send(start + head).read()
        assert reply.status == 431
        assert reply.json()["error"] == "The request's headers may have 32768 bytes"
    assert server.app.asked == []


def test_large_headers_are_read_in_any_pieces(serve: Serve) -> None:
    """20 KiB of headers are well, byte by byte too, and so are many requests in one piece."""
    server = serve()
    client = server.connect()
    request = b"GET /early HTTP/1.1\r\nCookie: " + b"x" * 20_000 + b"\r\n\r\n"

    for start in range(0, len(request), 997):
        client.send(request[start : start + 997])
    assert client.read().status == 200

    client.send(request * 10)
    assert [client.read().status for _ in range(10)] == [200] * 10


def test_a_large_body_arrives_whole(serve: Serve) -> None:
    """A megabyte, with a length and in chunks, is the app's to judge."""
    server = serve()
    client = server.connect()
    body = bytes(range(256)) * 4096

    client.send(b"POST /echo HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert client.read().body == body

    chunked = b"".join(b"400\r\n" + body[at : at + 1024] + b"\r\n" for at in range(0, 2**20, 1024))
    head = b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.send(head + chunked + b"0\r\n\r\n")
    assert client.read().body == body


def test_what_comes_after_a_body_is_dropped_and_bounded(serve: Serve) -> None:
    """A trailer is no header of the request, and an endless one is an end."""
    server = serve()
    head = b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
    client = server.connect().send(head + b"Authorization: Bearer x\r\n\r\n")
    assert client.read().body == b"hi"
    assert b"authorization" not in dict(server.app.headers)

    client.send(head + b"X: ")
    for _ in range(8):
        client.send(b"x" * 8192)

    assert client.read().status == 431


def test_garbage_after_a_request_does_not_spoil_its_answer(serve: Serve) -> None:
    """A length that is too short leaves bytes behind: the request is answered, then it ends."""
    client = serve().connect()

    client.send(b"POST /slow HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi\x00garbage")

    assert client.read().body == b"slow"
    assert client.rest() == b""


def test_a_broken_body_ends_the_request(serve: Serve) -> None:
    """A chunk without a size: 400, and the app learns that nobody waits."""
    server = serve()
    client = server.connect()

    client.send(b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n")

    assert client.read().status == 400
    assert client.rest() == b""
    assert wait_for(lambda: server.app.ended == ["/echo"], SECONDS)


def test_an_upgrade_is_not_made_and_the_request_is_served(serve: Serve) -> None:
    """What asks for HTTP/2 or a WebSocket is answered as HTTP/1.1, and told to come anew."""
    client = serve().connect()

    client.send(b"GET /early HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")

    reply = client.read()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert client.rest() == b""


@pytest.mark.parametrize("word", ["h2c", "websocket"])
@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize(
    ("length", "body"),
    [
        (b"Content-Length: 5", b"hello"),
        (b"Transfer-Encoding: chunked", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
    ],
)
def test_a_body_is_read_also_when_an_upgrade_is_asked_for(
    serve: Serve, word: str, length: bytes, body: bytes, pieces: int
) -> None:
    """Clients that would like HTTP/2 ask so with their first request, whatever it is."""
    server = serve()
    client = server.connect()
    head = b"POST /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: %b\r\n%b\r\n\r\n"
    first = head % (word.encode(), length)

    client.send(first if pieces > 1 else first + body)
    assert wait_for(lambda: server.app.asked == ["/echo"], SECONDS)
    if pieces > 1:
        client.send(body)

    reply = client.read()
    assert (reply.status, reply.body) == (200, b"hello")
    assert reply.headers["connection"] == "close"
    assert client.rest() == b""


def test_a_broken_body_is_refused_also_when_an_upgrade_is_asked_for(serve: Serve) -> None:
    """Nobody reads it more kindly; and what comes after a whole one is no request."""
    server = serve()
    head = b"POST /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    broken, followed = server.connect(), server.connect()

    broken.send(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    followed.send(head + b"Content-Length: 2\r\n\r\nhiGET /early HTTP/1.1\r\nHost: x\r\n\r\n")

    assert broken.read().status == 400
    assert followed.read().body == b"hi"
    assert followed.rest() == b""
    assert "/early" not in server.app.asked


def test_requests_may_follow_each_other_without_waiting(serve: Serve) -> None:
    """Pipelined requests are answered in their order."""
    client = serve().connect()

    client.get("/slow").get("/early").get("/slow")

    assert [client.read().body for _ in range(3)] == [b"slow", b"early", b"slow"]
