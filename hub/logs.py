"""Logs: one JSON object a line on standard output, and in daily files where `LOG_DIR` says.

All processes append to the same file of a day. A line is one `write` to a file opened with
`O_APPEND`, so lines of different processes never mix; a new day is a new name, so nobody renames
what another has open. `masking.py` keeps secrets out.
"""

import asyncio
import contextlib
import json
import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TextIO

import msgspec
import structlog

from hub import masking
from hub.masking import Event
from hub.settings import Settings

DAYS_KEPT = 14
_CHATTY = ("uvicorn", "uvicorn.error", "httpx", "httpcore", "alembic")

Render = Callable[[Event], str]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being answered: in every line that is logged meanwhile."""


def start(settings: Settings) -> None:
    """Log from the set level on, for the whole process; other libraries' lines included."""
    outputs: list[_Output] = [_Stream(sys.stdout)]
    if settings.log_dir:
        outputs.append(_DailyFile(Path(settings.log_dir)))
    _configure(settings.log_level, _Lines(outputs, masking.known_secrets(settings)))


def start_for_command(settings: Settings) -> None:
    """Log warnings and errors to standard error: a command's standard output is its answer."""
    _configure("warning", _Lines([_Stream(sys.stderr)], masking.known_secrets(settings)))


def request(**facts: Any) -> None:
    """Log an answered request, from inside the loop.

    Every request has this line, so it takes the short way: its facts are figures and words of ours,
    which need no look at their names, and the lines of one turn of the loop are written together.
    """
    if not _short_way:
        return
    if not _gathered:
        asyncio.get_running_loop().call_soon(_write_gathered)
    about = {"level": "info", "event": "request", "request_id": request_id.get()}
    _gathered.append({**_head("hub.request"), **about, **facts})


def _write_gathered() -> None:
    events = tuple(_gathered)
    _gathered.clear()
    for lines in _short_way:
        lines.write(*events)


_gathered: list[Event] = []
_short_way: list["_Lines"] = []
"""Where `request` writes; empty below the level of its lines."""


class _Output(Protocol):
    render: Render
    """How it shows an event."""

    def write(self, lines: Sequence[str], day: str) -> None:
        """Write lines at once; no reader or disk that is gone is the caller's trouble."""


class _Lines:
    """Finished lines for every output, made once for all that show them in the same way."""

    def __init__(self, outputs: Sequence[_Output], known: Sequence[str]) -> None:
        self._outputs = outputs
        self._known = known

    def write(self, *events: Event) -> None:
        made: dict[Render, list[str]] = {}
        for output in self._outputs:
            render = output.render
            if render not in made:
                text = "\n".join(map(render, events))
                masked = masking.text(text, self._known)
                made[render] = [line + "\n" for line in masked.split("\n")]
            output.write(made[render], events[0]["timestamp"][:10])


class _Stream:
    """Standard output or error: JSON, or a line for people when it is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.render: Render = _for_people if stream.isatty() else _as_json

    def write(self, lines: Sequence[str], _day: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            for piece in _pieces(lines):
                self._stream.write(piece)
                self._stream.flush()


def _pieces(lines: Sequence[str]) -> Iterator[str]:
    """Join lines to pieces that a pipe takes as one; what is longer, other processes may cut."""
    piece: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode())
        if piece and size + length > select.PIPE_BUF:
            yield "".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += length
    if piece:
        yield "".join(piece)


class _DailyFile:
    """`hub-YYYY-MM-DD.log` of the UTC day; the newest 14 are kept."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.render: Render = _as_json
        self._folder = folder
        self._day = ""
        self._descriptor = -1
        self._lock = threading.Lock()

    def write(self, lines: Sequence[str], day: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._open_of(day)
            os.write(self._descriptor, "".join(lines).encode())

    def _open_of(self, day: str) -> None:
        if day == self._day:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        opened = os.open(self._folder / f"hub-{day}.log", flags, 0o640)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._day = opened, day
        for old in sorted(self._folder.glob("hub-????-??-??.log"))[:-DAYS_KEPT]:
            old.unlink(missing_ok=True)


class _Logger:
    """What structlog hands a finished event to."""

    def __init__(self, name: str, lines: _Lines) -> None:
        self.name = name
        self._lines = lines

    def msg(self, event: Event) -> None:
        self._lines.write(event)

    debug = info = warning = error = critical = exception = log = msg


class _Bridge(logging.Handler):
    """Takes what other libraries log by the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger(record.name)
            log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)
        except Exception:  # noqa: BLE001
            self.handleError(record)


def _configure(level: str, lines: _Lines) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]
    _short_way[:] = [lines] if number <= logging.INFO else []
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _add_origin,
            structlog.processors.StackInfoRenderer(),
            # Without the values of local variables, among which are keys and bodies.
            structlog.processors.format_exc_info,
            masking.fields,
            _hand_over,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda name="hub": _Logger(name, lines),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(number)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)


def _add_origin(logger: _Logger, _method: str, event: Event) -> Event:
    known = request_id.get()
    return {**_head(logger.name), **({"request_id": known} if known else {}), **event}


def _head(name: str) -> Event:
    return {"timestamp": _instant(time.time_ns() // 1_000_000), "logger": name, "pid": _pid}


@lru_cache(2)
def _instant(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{thousandths:03}Z"


@lru_cache(2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _note_pid() -> None:
    global _pid  # noqa: PLW0603 - the process's own number, which only a fork changes
    _pid = os.getpid()


_pid = os.getpid()
os.register_at_fork(after_in_child=_note_pid)


def _hand_over(_logger: _Logger, _method: str, event: Event) -> tuple[tuple[Event], dict[str, Any]]:
    return (event,), {}


_encode = msgspec.json.Encoder(enc_hook=repr).encode


def _as_json(event: Event) -> str:
    try:
        return _encode(event).decode()
    except (TypeError, ValueError, RecursionError):
        # A lone surrogate, an object as a key: rare, and never a reason to lose the line.
        return json.dumps({str(name): repr(value) for name, value in event.items()})


def _for_people(event: Event) -> str:
    rest = dict(event)
    time, level = rest.pop("timestamp")[11:19], rest.pop("level")
    text, trace = str(rest.pop("event")), rest.pop("exception", "")
    rest.pop("pid")
    rest.pop("logger")
    values = " ".join(f"{name}={value}" for name, value in rest.items() if value is not None)
    line = _printable(f"{time} {level:<8}{text}  {values}".rstrip())
    return "\n".join([line, *map(_printable, str(trace).splitlines())])


def _printable(line: str) -> str:
    # A visitor's text could otherwise move the cursor or forge a line.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
