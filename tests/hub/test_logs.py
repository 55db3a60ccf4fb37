"""Logs: JSON a line, whole in any company, without a secret."""

import json
import logging
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import structlog

from hub import logs, masking
from hub.auth import keys
from hub.settings import Settings

CANARY = "canary-7f3a91"
MANY = """
import sys, structlog
from hub import logs, masking
from hub.settings import Settings
logs.start(Settings(log_dir=sys.argv[1]))
log = structlog.get_logger("many")
for number in range(300):
    log.info("line", number=number, filler="x" * 3000)
"""


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


@pytest.fixture
def logged():
    """Start logging with these settings, log, and return the lines of standard output."""

    def run(act, **settings) -> list[dict]:
        with redirect_stdout(StringIO()) as output:
            logs.start(Settings(**settings))
            act(structlog.get_logger("hub.test"))
        return [json.loads(line) for line in output.getvalue().splitlines()]

    return run


def _fail(value: object) -> None:
    raise LookupError(value)


def test_a_line_is_an_object_with_time_level_logger_and_what_is_bound(logged) -> None:
    """The request id that the edge binds stands in every line."""

    def act(log) -> None:
        token = logs.request_id.set("req_1")
        log.info("request", status=200)
        logs.request_id.reset(token)

    [line] = logged(act)
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("pid") > 0
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "hub.test",
        "request_id": "req_1",
        "status": 200,
    }


def test_the_level_of_the_settings_holds_for_us_and_for_libraries(logged) -> None:
    """Below it nothing is written; a library's line looks like ours."""

    def act(log) -> None:
        log.info("ours")
        logging.getLogger("library").info("theirs")
        log.warning("our warning")
        logging.getLogger("library").warning("their %s", "warning")

    lines = logged(act, log_level="WARNING")
    assert [(line["event"], line["logger"]) for line in lines] == [
        ("our warning", "hub.test"),
        ("their warning", "library"),
    ]


def test_an_exception_is_in_its_line_without_the_values_of_variables(logged) -> None:
    """One line still; what a local variable held is not in it."""

    def act(log) -> None:
        body = CANARY
        try:
            _fail(len(body))
        except LookupError:
            log.exception("failed")

    [line] = logged(act)
    assert "LookupError" in line["exception"]
    assert CANARY not in line["exception"]


@pytest.mark.parametrize(
    "fields",
    [
        {"body": CANARY},
        {"password": CANARY},
        {"headers": {"Authorization": CANARY, "X-ChatHub-Secret": CANARY, "Cookie": CANARY}},
        {"nested": {"deeper": {"token": CANARY}}},
        {"line": f"Authorization: Bearer {CANARY}"},
        {"line": f"whsec_{CANARY}"},
        {"line": f"eyJhbGciOiJI.{CANARY}.sig"},
        {"url": f"redis://user:{CANARY}@127.0.0.1/0"},
        {"url": f"https://graph.example/me?access_token={CANARY}&x=1"},
        {"error": LookupError(f"Basic {CANARY}")},
        {"\ud800": f"Bearer {CANARY}"},
    ],
)
def test_a_secret_is_masked_wherever_it_stands(logged, fields) -> None:
    """By the field's name, or by what the text looks like; the rest of the line stays."""
    [line] = logged(lambda log: log.info("seen", **fields))

    assert CANARY not in json.dumps(line, ensure_ascii=False)
    assert masking.MASK in str(line)
    assert line["event"].strip("'") == "seen"


@pytest.mark.parametrize("kind", ["server", "widget"])
def test_a_key_is_cut_to_what_tells_it_apart(logged, kind) -> None:
    """In the event, in a field, in an exception: no more than its first 12 characters."""
    key = keys.mint(kind)

    def act(log) -> None:
        log.info(key, url=f"/x?key={key}")
        try:
            _fail(key)
        except LookupError:
            log.exception("failed")

    text = json.dumps(logged(act))
    assert key[:13] not in text
    assert text.count(key[:12]) == 3


def test_secrets_of_the_settings_are_masked_literally(logged) -> None:
    """The hub's secret and the passwords of its servers, decoded or not."""
    settings = {
        "hub_secret": "s3cret-of-the-hub",
        "database_url": "postgresql+asyncpg://hub:p%40ssword@127.0.0.1/hub",
        "redis_url": "redis://:redis-pass@127.0.0.1",
    }

    [line] = logged(
        lambda log: log.info("x", a="s3cret-of-the-hub p%40ssword", b="p@ssword redis-pass"),
        **settings,
    )
    assert (line["a"], line["b"]) == ("… …", "… …")


def test_what_no_json_can_hold_is_still_a_line(logged) -> None:
    """Lone surrogates and objects; line breaks never make two lines of one."""
    lines = logged(lambda log: log.info("a\nb", odd="\ud800", thing=object(), number=2**70))

    assert len(lines) == 1


def test_processes_share_a_day_file_and_no_line_is_torn(tmp_path: Path) -> None:
    """Three processes, 300 long lines each: 900 whole lines."""
    command = [sys.executable, "-c", MANY, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]

    texts = [path.read_text().splitlines() for path in tmp_path.glob("hub-*.log")]
    numbers = [json.loads(line)["number"] for lines in texts for line in lines]
    assert sorted(numbers) == sorted([*range(300)] * 3)


def test_fourteen_days_are_kept_and_nothing_else_is_touched(logged, tmp_path: Path) -> None:
    """The oldest go when a new day begins."""
    for number in range(1, 21):
        (tmp_path / f"hub-2020-01-{number:02}.log").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")

    logged(lambda log: log.info("today"), log_dir=str(tmp_path))

    days = sorted(path.name for path in tmp_path.glob("hub-*.log"))
    assert len(days) == logs.DAYS_KEPT
    assert days[:2] == ["hub-2020-01-08.log", "hub-2020-01-09.log"]
    assert (tmp_path / "notes.txt").exists()


def test_a_disk_that_is_full_loses_lines_and_nothing_more(logged, tmp_path, monkeypatch) -> None:
    """Standard output goes on."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logs.os, "write", full)
    lines = logged(lambda log: log.info("still here"), log_dir=str(tmp_path))
    assert [line["event"] for line in lines] == ["still here"]


def test_a_terminal_gets_lines_for_people_that_cannot_play_tricks() -> None:
    """Control characters of a visitor's text are written out."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    with redirect_stdout(Terminal()) as output:
        logs.start(Settings())
        structlog.get_logger("hub.test").info("request", path="/\x1b[2J\r\x9b1mx", status=200)

    line = output.getvalue()
    assert line.endswith("info    request  path=/\\x1b[2J\\r\\x9b1mx status=200\n")


def test_a_command_logs_warnings_on_standard_error_alone(capsys) -> None:
    """Its standard output is its answer."""
    logs.start_for_command(Settings())
    log = structlog.get_logger("hub.test")
    log.info("not of interest")
    log.warning("hook_failed", plugin="x")

    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["event"] == "hook_failed"


def test_lines_are_written_in_pieces_that_a_pipe_takes_as_one() -> None:
    """Several processes may share a pipe: what is longer than it takes at once would be cut."""
    lines = [f"{number:03} {'x' * 96}\n" for number in range(100)] + ["y" * 9_000 + "\n"]

    pieces = list(logs._pieces(lines))

    assert "".join(pieces) == "".join(lines)
    assert all(len(piece) <= 4096 for piece in pieces[:-1])
    assert len(pieces) < 5


def test_a_key_is_masked_also_where_a_word_goes_on_before_it(logged) -> None:
    """A client may glue anything to a key in a header that is logged."""
    key = keys.mint("server")

    [line] = logged(lambda log: log.info("request", request_id=f"id_{key}"))

    assert key[12:] not in str(line)
