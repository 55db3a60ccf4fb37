"""One process that serves: what it does when the store is away at its start."""

import logging
from contextlib import closing

import pytest

from hub import handover, serve
from hub.errors import SettingError
from hub.http.limits import Limits
from hub.http.listener import Door
from hub.http.tally import Tally
from hub.settings import Settings
from tests.support.hubs import SECRET

AWAY = Settings(database_url="postgresql+asyncpg://hub@127.0.0.1:1/hub", hub_secret=SECRET)


@pytest.fixture(autouse=True)
def _heard():
    """The server's own log is heard again when the test is over."""
    yield
    logging.getLogger("uvicorn.error").disabled = False


def test_a_start_that_fails_in_the_end_is_a_reason_and_no_answer(monkeypatch, caplog) -> None:
    """It has waited as long as it may; the server adds nothing to the one sentence."""
    monkeypatch.setattr(serve, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(serve, "PAUSE_SECONDS", (0.3, 0.3))
    answers: list[str] = []
    served = serve.Served(AWAY)

    with (
        closing(handover.bind("127.0.0.1", 0)) as listening,
        pytest.raises(SettingError, match=r"^database_url: no answer: "),
    ):
        serve._serve(served, Limits(), Door(listening, Tally(1)), lambda: answers.append("ready"))

    assert answers == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_stop_ends_the_wait(monkeypatch) -> None:
    """Nobody waits for a database on behalf of a process that is told to go."""
    monkeypatch.setattr(serve, "PAUSE_SECONDS", (0, 0))
    words = iter([False, False, True])

    with pytest.raises(SettingError, match="no answer"):
        await serve._open_patiently(AWAY, lambda: next(words))

    assert list(words) == []
