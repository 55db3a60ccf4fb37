"""The reader of traces: a doctored one is told from a good one."""

import pytest

from tests.support import trace

LOG, SOCKET = "9</data/hub.db-wal>", "12<socket:[77]>"
HEAD = r'"\0\0\0\1\0\0\0\0' + "x" * 16 + '"'
LAST = r'"\0\0\0\1\0\0\0\5' + "x" * 16 + '"'
ROW = f"7 10.0 pwrite64({LOG}, {HEAD}, 24, 32) = 24 <0.001>"
PAGE = f'7 10.1 pwrite64({LOG}, "\\0..mark-1..", 4096, 56) = 4096 <0.001>'
COMMIT = f"7 10.2 pwrite64({LOG}, {LAST}, 24, 4152) = 24 <0.001>"
END = f'7 10.3 pwrite64({LOG}, "other page", 4096, 4176) = 4096 <0.001>'
FLUSH = f"7 10.4 fdatasync({LOG}) = 0 <0.050>"
STATUS = f'6 10.5 write({SOCKET}, "HTTP/1.1 200 OK\\r\\n", 17) = 17 <0.001>'
BODY = f'6 10.6 write({SOCKET}, "{{\\"id\\":\\"msg_1\\"}}", 14) = 14 <0.001>'
GOOD = [ROW, PAGE, COMMIT, END, FLUSH, STATUS, BODY]
UNFLUSHED = "the commit was not flushed before the answer"


def violations(lines: list[str]) -> dict[str, str]:
    """Check a trace in which one message was acknowledged."""
    return trace.violations(trace.calls(lines), {"msg_1": "mark-1"})


def moved(line: str, at: str) -> str:
    """Return the line as it would have been at another moment."""
    pid, _, rest = line.split(" ", 2)
    return f"{pid} {at} {rest}"


def test_an_answer_after_the_flush_is_well() -> None:
    """Row, commit, flush, answer."""
    assert violations(GOOD) == {}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([ROW, PAGE, COMMIT, END, STATUS, BODY], UNFLUSHED),
        ([ROW, PAGE, moved(FLUSH, "10.15"), COMMIT, END, STATUS, BODY], UNFLUSHED),
        ([ROW, PAGE, COMMIT, END, moved(FLUSH, "10.46"), STATUS, BODY], UNFLUSHED),
        ([ROW, PAGE, COMMIT, END, FLUSH.replace("hub.db-wal", "hub.db"), BODY], UNFLUSHED),
        ([ROW, PAGE, COMMIT, END, FLUSH.replace("= 0", "= -1 EIO (x)"), BODY], UNFLUSHED),
        ([moved(STATUS, "9.9"), *GOOD[:5], BODY], "the answer began before the commit"),
        ([ROW, PAGE, FLUSH, STATUS, BODY], "the answer began before the commit"),
        ([COMMIT, END, FLUSH, STATUS, BODY], "no row was written"),
        (GOOD[:5], "no answer was seen"),
    ],
    ids=[
        "never flushed",
        "flushed before the last page",
        "flush ends after the answer began",
        "another file flushed",
        "the flush failed",
        "status line first",
        "no commit",
        "no row",
        "no answer",
    ],
)
def test_a_doctored_trace_is_found(lines: list[str], told: str) -> None:
    """Each way in which an answer can come too early has its words."""
    assert violations(lines) == {"msg_1": told}


def test_a_call_that_was_interrupted_is_put_together() -> None:
    """It began where its first half stands, and took as long as its second half says."""
    halves = [
        f"7 10.4 fdatasync({LOG} <unfinished ...>",
        '6 10.41 write(12<socket:[77]>, "x", 1) = 1 <0.001>',
        "7 10.45 <... fdatasync resumed>) = 0 <0.050>",
    ]

    (_, flush) = trace.calls(halves)

    assert (flush.name, flush.began, round(flush.ended, 3)) == ("fdatasync", 10.4, 10.45)
    assert violations([ROW, PAGE, COMMIT, END, *halves, STATUS, BODY]) == {}
