"""A running `clonvo demo`: its address, and the lines that it printed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct

from tests.support.hubs import environment
from tests.support.processes import Process, free_port

START_SECONDS = 30
# What the printed lines need of curl, for machines without it.
CURL = f"""#!{sys.executable}
import sys, urllib.request
words, headers, data, url, asks = sys.argv[1:], {{}}, None, "", False
while words:
    word = words.pop(0)
    if word == "-H":
        name, value = words.pop(0).split(": ", 1)
        headers[name] = value
    elif word == "-d":
        data = words.pop(0)
    elif word == "-G":
        asks = True
    elif word != "-s":
        url = word.replace("localhost", "127.0.0.1")
address = url + "?" + data if asks else url
request = urllib.request.Request(address, None if asks or not data else data.encode(), headers)
print(urllib.request.urlopen(request, timeout=10).read().decode())
"""


class Demo(Struct, frozen=True):
    """The demo as somebody has it before them."""

    folder: Path
    port: int
    process: Process

    @property
    def address(self) -> str:
        """Return where its page is."""
        return f"http://localhost:{self.port}"

    @property
    def printed(self) -> str:
        """Return what it has printed."""
        return (self.folder / "log").read_text()

    def get(self, path: str, host: str = "") -> httpx.Response:
        """Ask for a path under the name `host`; by default its own."""
        headers = {"Host": host or f"localhost:{self.port}"}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers)

    def key(self, kind: str) -> str:
        """Return the printed key of a kind."""
        line = next(line for line in self.printed.splitlines() if f"{kind} key" in line)
        return line.split("key", 1)[1].split()[0]

    def paste(self, head: str) -> str:
        """Paste the line that is printed under a head into a shell; return what that prints."""
        line = self.printed.partition(f"  {head}\n\n")[2].partition("\n")[0]
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "curl").write_text(CURL)
        (folder / "curl").chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-c", line],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": path},
            timeout=START_SECONDS,
        ).stdout

    def is_ready(self) -> bool:
        """Tell whether it serves and has printed everything."""
        try:
            return "Ctrl-C" in self.printed and self.get("/health/ready").is_success
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that runs for a module's tests."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    command = [sys.executable, "-m", "hub", "demo", "--port", str(port)]
    process = Process(command, log=folder / "log", environ=environment({}), cwd=folder)
    running = Demo(folder, port, process)
    try:
        process.wait_until(running.is_ready, START_SECONDS)
        yield running
        process.stop(signal.SIGINT)
    finally:
        process.kill()
