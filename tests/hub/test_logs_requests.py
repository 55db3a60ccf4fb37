"""The line of each request: by a short way, and lost no more than any other."""

import asyncio
import json
import logging
from contextlib import redirect_stdout
from io import StringIO

import pytest
import structlog
import uvloop

from hub import logs
from hub.auth import keys
from hub.settings import Settings


@pytest.fixture(autouse=True)
def _restored():
    """The process logs as before when a test is over."""
    root = logging.getLogger()
    handlers, level, short_way = root.handlers, root.level, list(logs._short_way)
    yield
    logs._short_way[:] = short_way
    structlog.reset_defaults()
    root.handlers, _ = handlers, root.setLevel(level)
    logging.captureWarnings(capture=False)


class Counting(StringIO):
    """Output that remembers what was written to it at once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.pieces: list[list[int]] = []
        self.ids: list[str | None] = []

    def write(self, text: str) -> int:
        """Take some lines."""
        lines = [json.loads(line) for line in text.splitlines()]
        self.pieces.append([line["number"] for line in lines])
        self.ids += [line["request_id"] for line in lines]
        return super().write(text)


@pytest.fixture
def requests_of():
    """Log requests inside a loop; return what was written."""

    def run(story, runner=asyncio.Runner, **settings) -> Counting:
        with redirect_stdout(Counting()) as output, runner() as loop:
            logs.start(Settings(**settings))
            loop.run(story())
        return output

    return run


def uvloops() -> asyncio.Runner:
    """Return the loop that a server runs."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def test_requests_of_a_turn_are_written_together_and_in_order(requests_of) -> None:
    """One write for those of a turn, none waits for another; the day's file has the same."""

    async def story() -> None:
        for numbers in ((1, 2, 3), (4,), (5, 6)):
            for number in numbers:
                logs.request(number=number)
            await asyncio.sleep(0)

    assert requests_of(story).pieces == [[1, 2, 3], [4], [5, 6]]


@pytest.mark.parametrize("runner", [asyncio.Runner, uvloops])
def test_requests_of_the_last_turn_are_written_too(requests_of, runner, tmp_path) -> None:
    """A loop that ends at once, or by an error, loses none of its lines."""

    async def end() -> None:
        logs.request(number=1)
        await asyncio.sleep(0)
        logs.request(number=2)
        logs.request(number=3)

    async def fail() -> None:
        logs.request(number=4)
        raise LookupError

    assert requests_of(end, runner, log_dir=str(tmp_path)).pieces == [[1], [2, 3]]
    pieces = Counting()
    with redirect_stdout(pieces), runner() as loop:
        logs.start(Settings(log_dir=str(tmp_path)))
        with pytest.raises(LookupError):
            loop.run(fail())
    (file,) = tmp_path.glob("hub-*.log")
    assert pieces.pieces == [[4]]
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2, 3, 4]


def test_a_request_has_the_id_it_was_logged_under(requests_of) -> None:
    """Not the one of whoever comes last in its turn; below the level there is no line."""

    async def one(number: int) -> None:
        logs.request_id.set(f"req_{number}")
        logs.request(number=number)

    async def story() -> None:
        await asyncio.gather(*(one(number) for number in range(3)))

    assert requests_of(story).ids == ["req_0", "req_1", "req_2"]
    assert requests_of(story, log_level="WARNING").pieces == []


def test_every_line_of_a_turn_is_masked_alone(requests_of, tmp_path) -> None:
    """Lines are looked at together: a secret in one hides nothing of the next."""
    first, last = keys.mint("server"), keys.mint("widget")

    async def story() -> None:
        for number, name in enumerate((first, "req_2", last, "req_4")):
            logs.request_id.set(name)
            logs.request(number=number)

    output = requests_of(story, log_dir=str(tmp_path))

    assert output.pieces == [[0, 1, 2, 3]]
    assert output.ids == [f"{first[:12]}…", "req_2", f"{last[:12]}…", "req_4"]
    (file,) = tmp_path.glob("hub-*.log")
    assert file.read_text() == output.getvalue()
