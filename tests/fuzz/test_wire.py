"""What no client library sends: lies about lengths, two meanings of one request, half a request."""

import asyncio
from collections.abc import Iterator

import pytest

from hub import ids
from tests.support.app import Business
from tests.support.client import UNLIMITED, connected, new_business
from tests.support.databases import SqliteDatabases
from tests.support.hubs import Hub

GOOD = b'{"body":"hi","visitor":{"visitorId":"v_1"}}'
SECONDS = 5


@pytest.fixture(scope="module")
def served(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hub, str]]:
    """A running hub and its database."""
    folder = tmp_path_factory.mktemp("wire")
    url = sqlite_databases.migrated(folder)
    hub = Hub(folder, {"DATABASE_URL": url, **UNLIMITED})
    try:
        hub.start()
        yield hub, url
    finally:
        hub.close()


async def exchange(hub: Hub, business: Business, lines: list[str], body: bytes) -> bytes:
    """Send these header lines and bytes as they are; return all that comes until the end."""
    head = ["POST /api/v1/messages HTTP/1.1", "Host: hub.test", "Content-Type: application/json"]
    head += [f"Authorization: Bearer {business.server_key}", *lines, "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    try:
        writer.write("\r\n".join(head).encode() + body)
        async with asyncio.timeout(SECONDS):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def status(answer: bytes) -> int:
    """Return the status of the first answer."""
    return int(answer.split(b" ", 2)[1])


async def test_a_declared_length_that_is_too_large_is_refused_at_once(
    served: tuple[Hub, str],
) -> None:
    """413 before any byte of the body came."""
    business = await new_business(served[1], "large")

    answer = await exchange(
        served[0], business, ["Content-Length: 999999999", "Connection: close"], b""
    )

    assert status(answer) == 413
    assert b'"requestId"' in answer


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -1"],
        ["Content-Length: 4x"],
        ["Content-Length: 43", "Content-Length: 5"],
        ["Content-Length: 43", "Transfer-Encoding: chunked"],
    ],
)
async def test_a_request_with_two_meanings_is_refused(
    served: tuple[Hub, str], lines: list[str]
) -> None:
    """Nobody in front of us may understand another request than we do: 400, and nothing stored."""
    hub, url = served
    business = await new_business(url, f"two-{ids.new().hex}")

    answer = await exchange(hub, business, [*lines, "Connection: close"], GOOD)

    assert status(answer) == 400
    async with connected(hub, business.bearer) as client:
        assert (await client.get("/messages")).json()["data"] == []


async def test_half_a_body_stores_nothing(served: tuple[Hub, str]) -> None:
    """A client that hangs up in the middle leaves no message and no harm."""
    hub, url = served
    business = await new_business(url, "half")
    head = (
        "POST /api/v1/messages HTTP/1.1\r\nHost: hub.test\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {business.server_key}\r\nContent-Length: {len(GOOD) + 5}\r\n\r\n"
    )
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", hub.port)
        writer.write(head.encode() + GOOD)
        await writer.drain()
        writer.close()

    async with connected(hub, business.bearer) as client:
        stored = (await client.get("/messages")).json()["data"]
        after = await client.post("/messages", json={"body": "hi", "visitor": {"visitorId": "v"}})

    assert stored == []
    assert after.status_code == 200


async def test_two_requests_in_one_write_are_two_messages(served: tuple[Hub, str]) -> None:
    """Pipelined calls are answered in order, each with its own id."""
    hub, url = served
    business = await new_business(url, "pipelined")
    lines = [f"Content-Length: {len(GOOD)}"]
    second = (
        "POST /api/v1/messages HTTP/1.1\r\nHost: hub.test\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {business.server_key}\r\nConnection: close\r\n"
        f"Content-Length: {len(GOOD)}\r\n\r\n"
    )

    answer = await exchange(hub, business, lines, GOOD + second.encode() + GOOD)

    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b'"ok":true') == 2
