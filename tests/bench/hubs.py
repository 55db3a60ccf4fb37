"""Hubs as they are measured: the shipped commands, logs in files, limits out of the way."""

import http.client
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from tests.bench.load import Failed
from tests.support.client import UNLIMITED
from tests.support.hubs import environment
from tests.support.processes import Process, free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 30
POLL_SECONDS = 0.005
_ACCEPTED = re.compile(r"^hub_messages_accepted_total\{.*\} ([\d.e+]+)$", re.MULTILINE)
_ANSWERED = re.compile(
    r"^hub_requests_total\{.*route=\"/api/v1/messages\".*status=\"200\".*\} ([\d.e+]+)$",
    re.MULTILINE,
)


class Counted(Struct, frozen=True):
    """What a hub's own metrics say."""

    accepted: int
    """Messages stored."""
    answered: int
    """Answers of 200 to messages."""


class Hub:
    """One `clonvo serve`."""

    host = "127.0.0.1"

    def __init__(self, port: int, roots: Mapping[str, int]) -> None:
        """Listen at this port; `roots` are its processes, by the name of their tree."""
        self.port = port
        self.roots = roots

    def counted(self) -> Counted:
        """Ask for its metrics."""
        status, text = call(self.port, "GET", "/metrics")
        if status != http.HTTPStatus.OK:
            raise Failed(f"/metrics answered {status}")
        return Counted(_total(_ACCEPTED, text), _total(_ANSWERED, text))


@contextmanager
def serving(
    folder: Path,
    url: str,
    *arguments: str,
    module: str = "hub",
    worker: bool = False,
    **settings: str,
) -> Iterator[Hub]:
    """Run a hub over a database, `clonvo worker` beside it when asked for."""
    environ = settings_for(url, **settings)
    port = free_port()
    with ExitStack() as ends:

        def start(name: str, module: str, *words: str) -> Process:
            command = [sys.executable, "-m", module, *words]
            process = Process(command, log=folder / f"{name}.log", environ=environ, cwd=folder)
            ends.callback(process.kill)
            return process

        roots = {"worker": start("worker", "hub", "worker").pid} if worker else {}
        server = start("serve", module, "serve", "--port", str(port), *arguments)
        server.wait_until(lambda: is_ready(port), START_SECONDS)
        yield Hub(port, {"server": server.pid, **roots})
        server.stop()


def seconds_to_first_message(folder: Path, url: str, key: str) -> float:
    """Start `clonvo serve`, ask until a message is taken, and return how long that took."""
    environ, port = settings_for(url), free_port()
    command = [sys.executable, "-m", "hub", "serve", "--port", str(port)]
    began = time.perf_counter()
    process = Process(command, log=folder / "serve.log", environ=environ, cwd=folder)
    try:
        while not _takes(port, key):
            if not process.alive or time.perf_counter() - began > START_SECONDS:
                raise Failed(f"The hub did not start:\n{process.words()}")
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - began
    finally:
        process.kill()


def settings_for(url: str, **settings: str) -> dict[str, str]:
    """Return the environment of a measured hub: as shipped, but for limits and database."""
    return environment({**UNLIMITED, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), **settings})


def is_ready(port: int) -> bool:
    """Tell whether a hub says that it can be used."""
    try:
        return call(port, "GET", "/health/ready")[0] == http.HTTPStatus.OK
    except OSError:
        return False


def listens(port: int) -> bool:
    """Tell whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def call(
    port: int, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}
) -> tuple[int, str]:
    """Make one call and return the status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _takes(port: int, key: str) -> bool:
    body = '{"body": "Good morning", "customer": {"phoneE164": "+15550000001"}}'
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        return call(port, "POST", "/api/v1/messages", body, headers)[0] == http.HTTPStatus.OK
    except OSError:
        return False


def _total(pattern: re.Pattern[str], text: str) -> int:
    return int(sum(map(float, pattern.findall(text))))
