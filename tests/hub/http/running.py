"""A small ASGI app behind the real server, and clients that speak to it byte by byte."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hub.api import problems
from hub.api.body import ARRIVED, Body
from hub.api.exchange import WHOLE
from hub.auth.admission import Call
from hub.auth.headers import Headers
from hub.errors import HubError
from hub.going import going_of
from hub.http.limits import Limits
from hub.http.server import Server
from tests.support.processes import wait_for

SECONDS = 10
PIECE = b"x" * 65_536


class App:
    """Answers by the path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.whole: list[bool] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["path"]
        self.asked.append(path)
        await getattr(self, f"_{path.strip('/').split('/')[0]}")(scope, receive, send)
        self.headers = list(scope["headers"])
        self.ended.append(path)

    async def _live(self, receive: Any, send: Any) -> None:
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})

    async def _echo(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with the body, or with nothing when the client went away."""
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        await self._answer(send, body)

    async def _early(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer without a look at the body."""
        await self._answer(send, b"early")

    async def _slow(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.5)
        await self._answer(send, b"slow")

    async def _large(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(send, PIECE * 256)

    async def _last(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with as much, and that the connection ends with it."""
        await self._answer(send, PIECE * 256, (b"connection", b"close"))

    async def _pieces(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with as much, piece by piece."""
        length = [(b"content-length", b"%d" % (len(PIECE) * 256))]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        for left in reversed(range(256)):
            await send({"type": "http.response.body", "body": PIECE, "more_body": left > 0})

    async def _whole(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer in one piece, else the long way; `whole` says which of the two it was."""
        await self._piece(scope, send, b"whole")

    async def _late(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer in one piece when the client has gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        await self._piece(scope, send, b"late")

    async def _broken(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with a header that would be two."""
        await self._piece(scope, send, b"broken", (b"x-one", b"1\r\nx-two: 2"))

    async def _body(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with a body of at most ten bytes, or with what is wrong with it."""
        await self._read(scope, receive, send)

    async def _slowly(self, scope: Any, receive: Any, send: Any) -> None:
        """Do the same without knowing what has arrived."""
        extensions = {**scope["extensions"]}
        extensions.pop(ARRIVED)
        await self._read({**scope, "extensions": extensions}, receive, send)

    async def _read(self, scope: Any, receive: Any, send: Any) -> None:
        call = Call(headers=Headers(scope["headers"]), ip="127.0.0.1")
        try:
            body = await Body(scope, receive).read(call, 10)
        except HubError as error:
            status, headers, body = problems.render(error, None)
            more = [(name.encode(), value.encode()) for name, value in headers.items()]
            await self._piece(scope, send, body, *more, status=status)
        else:
            await self._piece(scope, send, body)

    async def _piece(
        self, scope: Any, send: Any, body: bytes, *more: tuple[bytes, bytes], status: int = 200
    ) -> None:
        headers = [(b"content-length", b"%d" % len(body)), *more]
        self.whole.append(scope["extensions"][WHOLE](send, status, headers, body))
        if not self.whole[-1]:
            await self._answer(send, body, *more)

    async def _stream(self, scope: Any, receive: Any, send: Any) -> None:
        """Say something ten times a second until the server is going."""
        going = going_of(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not going.is_set():
            await send({"type": "http.response.body", "body": b": beat\n\n", "more_body": True})
            try:
                await asyncio.wait_for(going.wait(), 0.1)
            except TimeoutError:
                continue
        await send({"type": "http.response.body", "body": b"event: end\n\n", "more_body": False})

    async def _endless(self, scope: Any, receive: Any, send: Any) -> None:
        """Stream without a look at the server."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b".", "more_body": True})
            await asyncio.sleep(0.05)

    async def _answer(self, send: Any, body: bytes, *more: tuple[bytes, bytes]) -> None:
        headers = [(b"content-length", b"%d" % len(body)), *more]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Running:
    """A server in a thread of its own, on a free port."""

    def __init__(self, limits: Limits, **more: Any) -> None:
        self.app = App()
        self._clients: list[Client] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.server = Server(self.app, limits, **more)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert wait_for(lambda: self.server.started, SECONDS)

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    def connect(self, source: str = "127.0.0.1", receive_buffer: int = 0) -> "Client":
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.bind((source, 0))
        plain.settimeout(SECONDS)
        plain.connect(("127.0.0.1", self.port))
        self._clients.append(Client(plain))
        return self._clients[-1]

    def begin_stop(self) -> None:
        self.server.should_exit = True

    def stop(self) -> None:
        self.begin_stop()
        self._thread.join(2 * SECONDS)
        assert not self._thread.is_alive()

    def close(self) -> None:
        """Stop it, and hang up for all its clients."""
        try:
            self.stop()
        finally:
            for client in self._clients:
                client.close()

    def _run(self) -> None:
        self.server.run(sockets=[self._listening])


class Reply:
    """An answer with a known length."""

    def __init__(self, head: bytes, body: bytes) -> None:
        line, *lines = head.decode().split("\r\n")
        self.status = int(line.split(" ")[1])
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One socket."""

    def __init__(self, plain: socket.socket) -> None:
        self.socket = plain
        self._file = plain.makefile("rb")

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def get(self, path: str = "/early") -> "Client":
        return self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def read(self) -> Reply:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                raise EOFError(head)
            head += line
        reply = Reply(head[:-4], b"")
        if "content-length" in reply.headers:
            reply.body = self._file.read(int(reply.headers["content-length"]))
        return reply

    def rest(self) -> bytes:
        """Return what comes until the server hangs up; an empty end is an orderly one."""
        return self._file.read()

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextmanager
def running() -> Iterator[Callable[..., Running]]:
    """Lend a maker of servers: `make(head_seconds=1)`; all are stopped at the end."""
    made: list[Running] = []

    def make(trusted: Any = (), ready: Any = None, **limits: Any) -> Running:
        short = {"linger_seconds": 0.2, **limits}
        made.append(Running(Limits(**short), trusted=trusted, ready=ready))
        return made[-1]

    yield make
    for server in made:
        server.close()
