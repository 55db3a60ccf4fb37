"""The floor of HTTP: the hub's server without the hub, answering like it.

    python -m tests.bench.bare PORT

It reads each body and answers 200; `GET /count` tells how many it answered so.
"""

import socket
import sys
from typing import Any

from hub.http.limits import Limits
from hub.http.server import Server

_REPLY = (
    b'{"ok":true,"id":"msg_01kb3e9v5hf0zt3tbwq6s1m8nd","customerId":"cus_01kb3e9v5hf0zt3tbwq6s1'
    b'm8ne","sessionId":"vs_01kb3e9v5hf0zt3tbwq6s1m8nf","visitorId":"v_q5kqdr3lmb2yyr5o3ysh7knd"'
    b',"conversationId":"con_01kb3e9v5hf0zt3tbwq6s1m8ng"}'
)
_answered = 0


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer whatever is posted."""
    global _answered  # noqa: PLW0603
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    if scope["method"] == "GET":
        await _answer(send, str(_answered).encode())
        return
    while (await receive()).get("more_body"):
        pass
    _answered += 1
    await _answer(send, _REPLY)


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Any, send: Any) -> None:
    for _ in range(2):
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


if __name__ == "__main__":
    Server(app, Limits()).run([socket.create_server(("127.0.0.1", int(sys.argv[1])))])
