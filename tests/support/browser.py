"""A real browser, a site with the widget, and the hub that serves it.

The site answers on `http://localhost`, another origin than the hub's `http://127.0.0.1`.
"""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from msgspec import Struct
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.support.hubs import Hub
from tests.support.processes import free_port

ROOT = Path(__file__).parents[2]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RATES = (
    *("WIDGET_RATE_PER_MIN", "WIDGET_NETWORK_RATE_PER_MIN", "WIDGET_KEY_RATE_PER_MIN"),
    *("WIDGET_STREAM_RATE_PER_MIN", "WIDGET_EVENT_RATE_PER_MIN"),
    *("WIDGET_NEW_VISITORS_PER_MIN", "WIDGET_KEY_NEW_VISITORS_PER_MIN", "INGEST_RATE_PER_MIN"),
)
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A site</title>{head}<body><main><h1>A site</h1><p>Some text.</p></main>{body}</body>
</html>"""


class Answer(Struct, frozen=True):
    """What the site says to a path."""

    body: str
    headers: Mapping[str, str] = {}
    media_type: str = "text/html; charset=utf-8"


class Site:
    """A site on `localhost`: its pages are what a test puts into `pages`."""

    def __init__(self) -> None:
        """Serve in threads of its own."""
        self.pages: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = {}
        handler = partial(_Handler, self.pages)
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def origin(self) -> str:
        """Return its address."""
        return f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, pages: Mapping[str, Any], *arguments: Any) -> None:
        self._pages = pages
        super().__init__(*arguments)

    def do_GET(self) -> None:
        page = self._pages.get(self.path.partition("?")[0], Answer("<!doctype html>", {}))
        if not isinstance(page, Answer):
            page(self)
            return
        body = page.body.encode()
        self.send_response(200)
        self.send_header("Content-Type", page.media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_OPTIONS = do_GET  # noqa: N815 - the names are the base's

    def log_message(self, *_: object) -> None:
        """Say nothing: a test looks at what arrives."""


class Shop(Struct, frozen=True):
    """A business whose site has the widget."""

    hub: Hub
    site: Site
    server_key: str
    widget_key: str
    widget_key_id: str

    def tag(self, **data: str) -> str:
        """Return the script tag, with more `data-` attributes."""
        more = "".join(f' data-{name}="{value}"' for name, value in data.items())
        return f'<script src="{self.hub.url}/widget.js" data-key="{self.widget_key}"{more} defer>'

    def page(self, *, head: str = "", body: str = "", **data: str) -> str:
        """Return a page with the tag before `</body>`, or with `body` in its place."""
        return PAGE.format(head=head, body=body or f"{self.tag(**data)}</script>")

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Call the hub with the server key; return what a success answers."""
        reply = httpx.request(
            method,
            f"{self.hub.url}/api/v1{path}",
            headers={"Authorization": f"Bearer {self.server_key}"},
            json=body or None,
        )
        assert reply.is_success, reply.text
        return reply.json()

    def messages(self, visitor_id: str) -> list[dict[str, Any]]:
        """Return what a visitor's conversation holds, oldest first."""
        sessions = self.call("GET", f"/sessions?visitorId={visitor_id}")["data"]
        if not sessions:
            return []
        path = f"/messages?conversationId={sessions[0]['conversationId']}&limit=100"
        found: list[dict[str, Any]] = self.call("GET", path)["data"][::-1]
        return found

    def reply(self, visitor_id: str, *texts: str) -> None:
        """Answer a visitor as an operator."""
        conversation = self.call("GET", f"/sessions?visitorId={visitor_id}")["data"][0]
        for text in texts:
            self.call(
                "POST",
                "/messages",
                direction="outbound",
                body=text,
                conversationId=conversation["conversationId"],
            )


def program() -> str:
    """Return the path of a Chromium; without one the run fails with the line that installs it."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        line = re.search(r'^BROWSER_LINE="(.+)"', (ROOT / "run").read_text(), re.MULTILINE)
        pytest.fail(f"the browser tests need Chromium: {line[1] if line else './run setup'}")
    return found


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver. Its event loop runs in this thread until it ends: async tests come after it."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for a module; each test has a profile of its own in it."""
    opened = playwright.chromium.launch(executable_path=program(), args=FLAGS)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A site, where each test puts its pages."""
    with Site() as served:
        yield served


def open_shop(hub: Hub, site: Site) -> Shop:
    """Make a business and its keys in a fresh hub, and start that."""
    hub.command("org", "create", "shop", "--name", "Shop")
    create = ("key", "create", "--org=shop", "--json", "--name=site")
    server = json.loads(hub.command(*create, "--kind=server"))
    widget = json.loads(hub.command(*create, "--kind=widget", "--origin", site.origin))
    hub.start()
    return Shop(hub, site, server["key"], widget["key"], widget["id"])


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Shop]:
    """A hub with room for everybody, and a site of its business."""
    folder = tmp_path_factory.mktemp("shop")
    hub = Hub(folder, dict.fromkeys((*RATES, "READ_RATE_PER_MIN"), "1000000"))
    try:
        yield open_shop(hub, site)
    finally:
        hub.close()
