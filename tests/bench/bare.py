"""The floor of HTTP: the hub's server without the hub, answering like it.

    python -m tests.bench.bare PORT

It reads each body and answers 200; `GET /count` tells how many it answered so.
"""

import sys
from typing import Any

import uvicorn

_REPLY = (
    b'{"ok":true,"id":"msg_01kb3e9v5hf0zt3tbwq6s1m8nd","customerId":"cus_01kb3e9v5hf0zt3tbwq6s1'
    b'm8ne","sessionId":"vs_01kb3e9v5hf0zt3tbwq6s1m8nf","visitorId":"v_q5kqdr3lmb2yyr5o3ysh7knd"'
    b',"conversationId":"con_01kb3e9v5hf0zt3tbwq6s1m8ng"}'
)
_answered = 0


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer whatever is posted."""
    global _answered  # noqa: PLW0603
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


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
