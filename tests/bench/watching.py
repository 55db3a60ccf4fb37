"""Five thousand browsers in one process: each follows its conversation and notes when it is told.

    python -m tests.bench.watching PORT KEY ORIGIN NUMBER

It says `open` when all are, and on every line that it is sent tells what came since: the
conversation's visitor by its number, and when.
"""

import asyncio
import re
import sys
import time
from collections.abc import Sequence

from hub.http.limits import raise_open_files
from tests.bench.visitors import proof

AT_ONCE = 64
_NEWS = re.compile(rb'"from":"operator"')


class Browser(asyncio.Protocol):
    """One stream; it holds nothing of what came but what it must."""

    def __init__(self, number: int, request: bytes, told: list[str]) -> None:
        """Send the request when connected; note in `told` what the business wrote."""
        self._number = number
        self._request = request
        self._told = told
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look at what came. Everything here is small enough to come in one piece."""
        if not self.opened.done():
            ok = data.startswith(b"HTTP/1.1 200")
            self.opened.set_result(None) if ok else self.opened.set_exception(OSError(data))
        now = time.monotonic_ns()
        self._told += [f"{self._number} {now}"] * len(_NEWS.findall(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell of it."""
        self._told.append(f"lost {self._number} {exc}")
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError())


async def watch(port: int, key: str, origin: str, number: int) -> None:
    """Open all, and answer each line with what came since."""
    loop, told = asyncio.get_running_loop(), list[str]()
    free = asyncio.Semaphore(AT_ONCE)

    async def begin(one: int) -> None:
        request = (
            "GET /api/v1/widget/stream HTTP/1.1\r\nHost: hub\r\n"
            f"Authorization: Bearer {key}\r\nOrigin: {origin}\r\nX-Visitor: {proof(one)}\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
            "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nReferer: http://localhost/\r\n\r\n"
        )
        async with free:
            _, browser = await loop.create_connection(
                lambda: Browser(one, request.encode(), told), "127.0.0.1", port
            )
            await browser.opened

    await asyncio.gather(*map(begin, range(number)))
    say(["open"])
    while await loop.run_in_executor(None, sys.stdin.readline):
        say([*told, "end"])
        told.clear()


def say(lines: Sequence[str]) -> None:
    """Tell whoever started us."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    _, port_, key_, origin_, number_ = sys.argv
    raise_open_files()
    asyncio.run(watch(int(port_), key_, origin_, int(number_)))
