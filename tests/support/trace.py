"""What a server asked of its kernel, read from `strace`: which was first, the disk or the answer.

A killed process leaves its writes to the kernel, so no kill can show whether a commit was flushed.
The order of its system calls can.
"""

import codecs
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

SENDS = ("write", "writev", "sendto", "sendmsg")
SYNCS = ("fsync", "fdatasync")
FRAME_HEAD = 24
"""The bytes before each page in SQLite's log; 4 to 8 are not zero in a transaction's last one."""

_LINE = re.compile(r"(?P<pid>\d+) +(?P<at>\d+\.\d+) (?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+).*<(?P<took>[\d.]+)>$")
_CUT = re.compile(r"(?P<begin>\w+\(.*?),? *<unfinished \.\.\.>$")
_REST = re.compile(r"<\.\.\. \w+ resumed>(?P<end>.*)")
_FILE = re.compile(r"\d+<(?P<file>[^>]*)>")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Call(Struct, frozen=True):
    """One finished system call."""

    name: str
    file: str
    """What its descriptor is: a path, or a socket."""
    arguments: str
    began: float
    ended: float


class Frame(Struct, frozen=True):
    """One page as it was written to SQLite's log."""

    page: str
    commits: bool
    """It is the last one of its transaction."""
    ended: float


class Answer(Struct, frozen=True):
    """One answer as it was written to its socket."""

    text: str
    began: float


def command(file: Path) -> tuple[str, ...]:
    """Return what a command begins with to have its calls written to `file`, its children's too."""
    assert shutil.which("strace"), "strace is missing: apt-get install -y strace"
    traced = ",".join(("pwrite64", *SENDS, *SYNCS))
    options = ("-f", "-ttt", "-T", "-y", "-s", "8192", "--seccomp-bpf")
    return ("strace", *options, "-e", f"trace={traced}", "-o", str(file))


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Parse a trace; a call that another thread's interrupted is put together again."""
    begun: dict[str, tuple[float, str]] = {}
    for line in lines:
        known = _LINE.match(line.rstrip("\n"))
        if known is None:
            continue
        pid, at, rest = known["pid"], float(known["at"]), known["rest"]
        if cut := _CUT.match(rest):
            begun[pid] = (at, cut["begin"])
            continue
        if (resumed := _REST.match(rest)) and pid in begun:
            at, begin = begun.pop(pid)
            rest = begin + resumed["end"]
        if (call := _CALL.match(rest)) and int(call["result"]) >= 0:
            named = _FILE.match(call["arguments"])
            file = named["file"] if named else ""
            yield Call(call["name"], file, call["arguments"], at, at + float(call["took"]))


def frames(traced: Iterable[Call]) -> list[Frame]:
    """Return the pages that went to the log, in order: each is a head, then a page."""
    found, head = [], None
    for call in traced:
        if call.name != "pwrite64" or not call.file.endswith("-wal"):
            continue
        text = _TEXT.search(call.arguments)
        content = codecs.escape_decode(text[1].encode())[0] if text else b""
        if head is not None:
            found.append(Frame(content.decode("latin-1"), any(head[4:8]), call.ended))
            head = None
        elif len(content) == FRAME_HEAD:
            head = content
    return found


def answers(traced: Iterable[Call]) -> list[Answer]:
    """Return what was written to sockets; an answer in two writes begins with the first."""
    began: dict[str, float] = {}
    found = []
    for call in traced:
        if call.name in SENDS and "socket" in call.file:
            if "HTTP/1.1 " in call.arguments:
                began[call.file] = call.began
            found.append(Answer(call.arguments, began.get(call.file, call.began)))
    return found


def violations(traced: Iterable[Call], acknowledged: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each answer that began before its message was on disk.

    `acknowledged` has the id in an answer, and what only this message's row holds. A flush counts
    that began after the transaction's last page was handed over, and ended before the answer began.
    """
    every = list(traced)
    log, told = frames(every), answers(every)
    syncs = [call for call in every if call.name in SYNCS and call.file.endswith("-wal")]
    found = {}
    for message_id, mark in acknowledged.items():
        wrong = _violation(message_id, mark, log, told, syncs)
        if wrong:
            found[message_id] = wrong
    return found


def _violation(
    message_id: str, mark: str, log: list[Frame], told: list[Answer], syncs: list[Call]
) -> str | None:
    answer = next((item for item in told if message_id in item.text), None)
    if answer is None:
        return "no answer was seen"
    row = next((at for at, frame in enumerate(log) if mark in frame.page), None)
    if row is None:
        return "no row was written"
    commit = next((frame for frame in log[row:] if frame.commits), None)
    if commit is None or commit.ended > answer.began:
        return "the answer began before the commit"
    if not any(call.began >= commit.ended and call.ended <= answer.began for call in syncs):
        return "the commit was not flushed before the answer"
    return None
