"""No test reaches the outside: only loopback and unix sockets connect."""

import asyncio
import socket
from pathlib import Path

import pytest

OUTSIDE = ("192.0.2.1", 80)  # TEST-NET-1 of RFC 5737: nobody's address
# As an error or, warnings being errors, as a warning.
REFUSED = 'tried to use socket.* with host "192.0.2.1"'


def test_a_connection_to_the_outside_is_refused_at_once() -> None:
    """The plain socket is stopped before a packet leaves."""
    with socket.socket() as client, pytest.raises(Exception, match=REFUSED):
        client.connect(OUTSIDE)


async def test_a_connection_from_the_loop_is_refused_at_once() -> None:
    """The event loop's connections are no way round."""
    with pytest.raises(Exception, match=REFUSED):
        await asyncio.wait_for(asyncio.open_connection(*OUTSIDE), 2)


def test_loopback_and_unix_sockets_connect(tmp_path: Path) -> None:
    """What the tests' own servers listen on stays open."""
    for family, address in (
        (socket.AF_INET, ("127.0.0.1", 0)),
        (socket.AF_UNIX, str(tmp_path / "socket")),
    ):
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind(address)
            server.listen()
            client.connect(server.getsockname())
            assert client.getpeername() == server.getsockname()
