"""The load maker: `wrk`, one thread and 64 connections that send as soon as they are answered."""

import shutil
import subprocess
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.bench import processor

CONNECTIONS = 64
INSTALL = "sudo apt-get install -y wrk"
_SCRIPT = Path(__file__).with_name("messages.lua")
_MARK = "bench "
_ANSWER_SECONDS = 10
_GRACE_SECONDS = 30


class Failed(Exception):
    """A figure would not mean what it says; the text tells why."""


class Shot(Struct, frozen=True):
    """What the load maker saw."""

    requests: int
    """Answered in full."""
    microseconds: int
    p50: int
    """Microseconds until an answer, of half of the requests at most."""
    p99: int
    status: int
    """Answers with 400 or more."""
    broken: int
    """Connections that failed, and answers that took longer than 10 s."""
    cpu: float = 0.0
    """Seconds of CPU of the load maker itself."""


class Target(Struct, frozen=True):
    """Where messages go, and whose."""

    port: int
    key: str
    customers: int


def fire(target: Target, tag: int, seconds: int) -> Shot:
    """Send messages for so many seconds; raise `Failed` when one was not taken.

    `tag`, below 100, makes ids and new customers those of this call.
    """
    url = f"http://127.0.0.1:{target.port}/api/v1/messages"
    options = ("-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"--timeout={_ANSWER_SECONDS}s")
    arguments = (target.key, str(tag), str(target.customers))
    before = processor.own()
    done = subprocess.run(
        [program(), *options, "-s", _SCRIPT, url, "--", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + _GRACE_SECONDS,
    )
    if done.returncode:
        raise Failed(f"wrk: {done.stdout}{done.stderr}")
    shot = msgspec.structs.replace(parse(done.stdout), cpu=processor.own() - before)
    if shot.status or shot.broken or not shot.requests:
        raise Failed(f"{shot.requests} answers, {shot.status} refusals, {shot.broken} broken")
    return shot


def parse(output: str) -> Shot:
    """Read what our script made wrk print."""
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    if len(lines) != 1:
        raise Failed(f"wrk did not tell its figures:\n{output}")
    return msgspec.json.decode(lines[0].removeprefix(_MARK), type=Shot)


def program() -> str:
    """Return the path of `wrk`; raise with the line that installs it when it is not there."""
    found = shutil.which("wrk")
    if found is None:
        raise Failed(f"The bench needs wrk:  {INSTALL}")
    return found
