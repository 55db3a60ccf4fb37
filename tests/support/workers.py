"""The processes that answer for one `clonvo serve --workers N`, and connections to each of them."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

import psutil

from tests.support.client import Line
from tests.support.hubs import Hub

PATIENT = {"HUB_KEEP_ALIVE_SECONDS": "300"}
"""For a hub whose connections rest in a test: another one might reach another process."""
NOWHERE = "/nowhere"


def workers(hub: Hub) -> list[psutil.Process]:
    """Return the processes that answer, without what starts and watches them."""
    leader = psutil.Process(hub.process.pid)
    found = leader.children(recursive=True)
    parents = {process.ppid() for process in found}
    return [process for process in found if process.pid not in parents] or [leader]


@contextmanager
def frozen(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Let these stand still meanwhile: what they hold stays open and answers nothing."""
    try:
        for process in processes:
            process.suspend()
        yield
    finally:
        for process in processes:
            process.resume()


@asynccontextmanager
async def lines_to_each(
    hub: Hub, headers: Mapping[str, str], number: int
) -> AsyncIterator[list[list[Line]]]:
    """Lend so many open connections to every process, in lists by process; all were answered.

    While the connections to one process are made the others stand still, so none of them accepts.
    """
    every = workers(hub)
    lines = [[Line(hub, headers) for _ in range(number)] for _ in every]
    try:
        for process, mine in zip(every, lines, strict=True):
            with frozen([other for other in every if other != process]):
                for line in mine:
                    # An unknown path costs no key and no limit.
                    assert (await line.post(NOWHERE, {})).status == 404
        yield lines
    finally:
        for mine in lines:
            for line in mine:
                line.close()
