"""Sites as developers build them: from npm's packages, with the tag that the docs give."""

import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from msgspec import Struct

from tests.support import node
from tests.support.node import NODE, ROOT, npm
from tests.support.processes import Process, free_port

SITES = Path(__file__).with_name("sites")
# What is installed stays there for the next run, as the other tools do.
KEPT = ROOT / ".tools" / "sites"
DOCS_HUB = "https://hub.example.com"
DOCS_KEY = "cwk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
SECONDS = 300
QUIET = {"NEXT_TELEMETRY_DISABLED": "1", "NUXT_TELEMETRY_DISABLED": "1", "CI": "1"}


class Served(Struct, frozen=True):
    """A site that answers."""

    origin: str


def installed(name: str) -> Path:
    """Return a folder with the packages of a site, as its lock file pins them."""
    source = SITES / name
    has_packages = (source / "package-lock.json").exists()
    return node.installed(source, KEPT) if has_packages else KEPT / name


@contextmanager
def built(name: str, hub: str, key: str) -> Iterator[Path]:
    """Build a site for production, with this hub and key in its tag, and remove it at the end.

    Below the folder of its packages, where all tools look for them.
    """
    folder = installed(name) / "builds" / uuid.uuid4().hex
    shutil.copytree(
        SITES / name, folder, ignore=shutil.ignore_patterns("node_modules", "package-lock.json")
    )
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(DOCS_HUB, hub).replace(DOCS_KEY, key), encoding="utf-8")
    try:
        if (folder / "package.json").exists():
            npm("run", "build", folder=folder, seconds=SECONDS, **QUIET)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def static(folder: Path, port: int, below: str = "dist") -> Iterator[None]:
    """Serve the files that a site was built to."""
    handler = partial(_Files, directory=str(folder / below))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@contextmanager
def by_node(*command: str, folder: Path, port: int) -> Iterator[None]:
    """Serve a site by its own server for production."""
    environ = {"PATH": str(NODE.parent), "PORT": str(port), "HOST": "127.0.0.1", **QUIET}
    with running([str(NODE), *command], folder, port, environ):
        yield


@contextmanager
def by_php(folder: Path, port: int) -> Iterator[None]:
    """Serve a site by PHP."""
    program = shutil.which("php")
    assert program, "the site needs PHP: ./run test-heavy installs it, or says how"
    with running([program, "-S", f"127.0.0.1:{port}"], folder, port, dict(os.environ)):
        yield


@contextmanager
def running(
    command: Sequence[str], folder: Path, port: int, environ: Mapping[str, str]
) -> Iterator[None]:
    """Have a server run until the end."""
    process = Process(command, log=folder / "log", environ=environ, cwd=folder)
    try:
        process.wait_until(lambda: listens(port), SECONDS)
        yield
    finally:
        process.kill()


def listens(port: int) -> bool:
    """Tell whether somebody does."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing: a test looks at what arrives."""


SERVED: dict[str, Callable[..., AbstractContextManager[None]]] = {
    "vue": static,
    "eleventy": static,
    "turbo": static,
    "next": partial(by_node, "../../node_modules/next/dist/bin/next", "start"),
    "wordpress": by_php,
    "app": partial(static, below="pages"),
    "nuxt": partial(by_node, ".output/server/index.mjs"),
}


@contextmanager
def serving(name: str, hub: str, key: Callable[[str], str]) -> Iterator[Served]:
    """Build and serve a site; `key` makes a widget key for its origin."""
    port = free_port()
    served = Served(f"http://localhost:{port}")
    with built(name, hub, key(served.origin)) as folder, SERVED[name](folder=folder, port=port):
        yield served


def text_of(name: str) -> str:
    """Return all that a developer wrote of a site."""
    parts = [path for path in sorted((SITES / name).rglob("*")) if path.suffix != ".json"]
    return "\n".join(path.read_text(encoding="utf-8") for path in parts if path.is_file())
