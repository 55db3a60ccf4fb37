"""Connections to checked addresses and to nothing else.

Each name is resolved once, every address of the answer is looked at, and that very address is
connected to: a name that answers otherwise the next time changes nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore

from hub.deliveries.guard import Guard, literal

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name."""
MOST_ADDRESSES = 8


class Blocked(httpcore.ConnectError):
    """An address that may not be connected to."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connections to checked addresses and to nothing else."""

    def __init__(
        self,
        guard: Guard,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """Ask `guard`; names are resolved by the system, if by nobody else."""
        self._guard = guard
        self._resolve = resolve or _resolved
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the host's addresses; `Blocked` when any of them may not be."""
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(host, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no receiver lives in a file."""
        raise Blocked

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it."""
        await asyncio.sleep(seconds)

    async def _connect(
        self,
        host: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        written = literal(host)
        try:
            found = [written] if written else list(await self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError from error
        if not found or not all(map(self._guard.allows, found)):
            raise Blocked
        failure: Exception = httpcore.ConnectError()
        for address in found[:MOST_ADDRESSES]:
            try:
                return await self._network.connect_tcp(
                    address, port, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


async def _resolved(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
