"""Other browsers than Chromium, each driven by the protocol that it brings along.

Firefox speaks Marionette over a socket, WebKitGTK the W3C's WebDriver over HTTP. Both are told no
more than where to go and what to run in the page.
"""

import json
import os
import re
import shutil
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.processes import Process, free_port

ROOT = Path(__file__).parents[2]
START_SECONDS, SECONDS = 60, 30
MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"
_PROFILE = """
user_pref("marionette.port", {port});
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""


class Engine(ABC):
    """One window of a browser."""

    @abstractmethod
    def go(self, url: str) -> None:
        """Open an address and wait until it has loaded."""

    @abstractmethod
    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page; return what it returns."""


class Firefox(Engine):
    """Over Marionette: lengths, colons and JSON on a socket."""

    def __init__(self, connection: socket.socket) -> None:
        """Begin a session; the browser has said who it is by then."""
        self._connection = connection
        self._number = 0
        self._hear()
        self._ask("WebDriver:NewSession", {})

    def go(self, url: str) -> None:
        """Open an address and wait until it has loaded."""
        self._ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page; return what it returns."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": arguments})["value"]

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        text = json.dumps([0, self._number, command, parameters])
        self._connection.sendall(f"{len(text)}:{text}".encode())
        _, number, error, answer = self._hear()
        assert (number, error) == (self._number, None), error
        return answer

    def _hear(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._connection.recv(1)
        text = b""
        while len(text) < int(length[:-1]):
            text += self._connection.recv(65536)
        return json.loads(text)


class WebKit(Engine):
    """Over WebDriver."""

    def __init__(self, client: httpx.Client) -> None:
        """Begin a session."""
        self._client = client
        (browser,) = map(str, sorted(Path("/").glob(MINI_BROWSERS[1:]))[-1:])
        options = {"binary": browser, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self._ask("/session", {"capabilities": wanted})["sessionId"]
        self._path = f"/session/{session}"

    def go(self, url: str) -> None:
        """Open an address and wait until it has loaded."""
        self._ask(f"{self._path}/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page; return what it returns."""
        return self._ask(f"{self._path}/execute/sync", {"script": script, "args": arguments})

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        reply = self._client.post(path, json=body)
        assert reply.is_success, reply.text
        return reply.json()["value"]


@contextmanager
def firefox(folder: Path) -> Iterator[Engine]:
    """Run Firefox without a screen."""
    port = free_port()
    (folder / "user.js").write_text(_PROFILE.format(port=port))
    program = _program("firefox-esr", "firefox")
    command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
    with _running(command, port, folder), _connected(port) as connection:
        connection.settimeout(SECONDS)
        yield Firefox(connection)


@contextmanager
def webkit(folder: Path) -> Iterator[Engine]:
    """Run WebKit on a screen that nobody sees."""
    port = free_port()
    command = [_program("xvfb-run"), "-a", _program("WebKitWebDriver"), f"--port={port}"]
    address = f"http://127.0.0.1:{port}"
    with _running(command, port, folder), httpx.Client(base_url=address, timeout=SECONDS) as client:
        yield WebKit(client)


ENGINES = {"firefox": firefox, "webkit": webkit}


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        line = re.search(r'^HEAVY_LINE="(.+)"', (ROOT / "run").read_text(), re.MULTILINE)
        pytest.fail(f"{names[0]} is missing: {line[1] if line else './run test-heavy'}")
    return found


@contextmanager
def _running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    # Everything that they keep goes into the folder; as root WebKit has no sandbox to be had.
    own = {"HOME": str(folder), "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    process = Process(command, log=folder / "log", environ=os.environ | own)
    try:
        process.wait_until(lambda: _listens(port), START_SECONDS)
        yield
    finally:
        process.kill()


def _listens(port: int) -> bool:
    try:
        with _connected(port):
            return True
    except OSError:
        return False


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
