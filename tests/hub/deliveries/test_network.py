"""What was looked at is what is connected to, whatever a name answers."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

import httpcore
import pytest

from hub.deliveries.guard import Guard
from hub.deliveries.network import MOST_ADDRESSES, Blocked, GuardedBackend
from tests.support.tricks import INSIDE, INSIDE_V6, Canary, Near, answering

CLOSED = Guard(allow_http=True, allowed=[])
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Encrypted(httpcore.AsyncMockStream):
    """Keeps the names that certificates are asked of."""

    names: list[str]

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: object, **__: Any
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt nothing."""
        self.names.append(server_hostname or "")
        return self


class Answering(Near):
    """Connects nowhere, and answers all the same."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        super().__init__()
        self.names: list[str] = []

    async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Return a connection of its own."""
        self.hosts.append(host)
        stream = Encrypted([ANSWER])
        stream.names = self.names
        return stream


async def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """It is resolved once for a connection, and what was looked at is what is connected to."""
    async with Canary().listening() as canary:
        port = canary.ports["127.0.0.1"]
        asked, resolve = answering(["8.8.8.8"], ["127.0.0.1"])
        near = Near()
        network = GuardedBackend(CLOSED, resolve, near)

        with pytest.raises(httpcore.ConnectError):
            await network.connect_tcp("rebind.example.com", port, timeout=2)
        assert (asked, near.hosts) == (["rebind.example.com"], ["8.8.8.8"])
        with pytest.raises(Blocked):
            await network.connect_tcp("rebind.example.com", port, timeout=2)

    assert (near.hosts, canary.hits["127.0.0.1"]) == (["8.8.8.8"], 0)


@pytest.mark.parametrize("inside", [*INSIDE, *INSIDE_V6])
async def test_one_bad_address_of_a_name_refuses_all(inside: str) -> None:
    """A name with a good and a bad one is nobody's that means well."""
    _, resolve = answering(["8.8.8.8", inside])
    near = Near()

    with pytest.raises(Blocked):
        await GuardedBackend(CLOSED, resolve, near).connect_tcp("two.example.com", 443, timeout=2)
    assert near.hosts == []


@pytest.mark.parametrize("answer", [[], ["example.com"], ["8.8.8.8", ""], ["2606:4700::1%lo"]])
async def test_an_answer_that_is_no_address_is_refused(answer: list[str]) -> None:
    """Nothing that somebody else might resolve again is passed on."""
    _, resolve = answering(answer)
    near = Near()

    with pytest.raises(Blocked):
        await GuardedBackend(CLOSED, resolve, near).connect_tcp("odd.example.com", 443)
    assert near.hosts == []


async def test_the_addresses_are_tried_in_turn_and_not_too_many() -> None:
    """Eight of a long answer are; all of it is looked at."""
    many = [f"8.8.8.{last}" for last in range(20)]
    for answer, dialled in ((many, many[:MOST_ADDRESSES]), ([*many, "10.0.0.1"], [])):
        _, resolve = answering(answer)
        near = Near()
        with pytest.raises(httpcore.ConnectError):
            await GuardedBackend(CLOSED, resolve, near).connect_tcp("many.example.com", 443)
        assert near.hosts == dialled


async def test_the_time_is_for_all_of_it() -> None:
    """For the answer, and for all addresses together."""

    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return [host, str(port)]

    class Slow(Near):
        async def connect_tcp(self, host: str, *_: object, **__: object) -> Any:
            self.hosts.append(host)
            await asyncio.sleep(0.03)
            raise httpcore.ConnectTimeout

    with pytest.raises(httpcore.ConnectTimeout):
        await GuardedBackend(CLOSED, never).connect_tcp("a.example.com", 443, timeout=0.05)
    _, resolve = answering([f"8.8.8.{last}" for last in range(8)])
    slow = Slow()
    with pytest.raises(httpcore.ConnectTimeout):
        await GuardedBackend(CLOSED, resolve, slow).connect_tcp("a.example.com", 443, timeout=0.1)
    assert 1 < len(slow.hosts) < 8


async def test_a_name_without_an_answer_is_away_and_not_blocked() -> None:
    """As httpcore says it of any host."""

    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    with pytest.raises(httpcore.ConnectError) as caught:
        await GuardedBackend(CLOSED, nowhere).connect_tcp("gone.example.com", 443)
    assert not isinstance(caught.value, Blocked)


async def test_certificates_are_asked_of_the_name() -> None:
    """Though it is a number that is connected to."""
    asked, resolve = answering(["8.8.8.8"])
    network = Answering()
    backend = GuardedBackend(CLOSED, resolve, network)
    async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
        response = await pool.request("POST", "https://safe.example.com/hook")

    assert response.status == 200
    assert (network.hosts, network.names, len(asked)) == (["8.8.8.8"], ["safe.example.com"], 1)


async def test_no_receiver_lives_in_a_file() -> None:
    """Whatever guard there is."""
    everywhere = Guard(allow_http=True, allowed=["0.0.0.0/0", "::/0"])

    with pytest.raises(Blocked):
        await GuardedBackend(everywhere).connect_unix_socket("/run/docker.sock")


async def test_the_system_resolves_if_nobody_else_does() -> None:
    """A name of this machine is found, and refused."""
    async with Canary().listening() as canary:
        port = canary.ports["127.0.0.1"]
        with pytest.raises(Blocked):
            await GuardedBackend(CLOSED).connect_tcp("localhost", port, timeout=5)
        guard = Guard(allow_http=True, allowed=["127.0.0.0/8", "::1"])
        stream = await GuardedBackend(guard).connect_tcp("localhost", port, timeout=5)
        await stream.aclose()

    assert canary.hits["127.0.0.1"] == 1
