"""Every call that a page shows is made, against a hub of the bundled plugins."""

import hmac
import json
import re
import shlex
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec import Struct

from hub.sdk_testing import TrialHub, open_trial
from hub.settings import BUNDLED
from hub.wire import MessageAccepted
from tests.docs import pages
from tests.docs.pages import ROOT
from tests.support.streams import opened

HUB = "http://localhost:8000"
ORIGINS = ["https://www.example.com", "http://localhost:3000"]
SECRET = "of the provider's app"
# The example's plugin is not one of the bundled ones; its own tests call it.
ELSEWHERE = "docs/plugins/example/README.md"


class Call(Struct, frozen=True):
    """One `curl` of a page."""

    page: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    endless: bool = False
    """The answer is a stream."""


def calls() -> Iterator[Call]:
    """Yield each call of each page; its variables stay as they are."""
    for path in pages.pages():
        for fence in pages.fences(path, "sh"):
            text = re.sub(r"\\\n\s*", " ", fence.text)
            file = re.search(r"^body=(\S+)$", text, re.MULTILINE)
            for line in text.splitlines():
                if line.startswith("curl "):
                    yield _call(fence.page, shlex.split(line), file[1] if file else "")


def _call(page: str, words: list[str], file: str) -> Call:
    url, headers, body = "", [], None
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers.append((name, value))
        elif word in {"-d", "--data-binary"}:
            body = next(rest).replace("@$body", f"@{file}")
        elif not word.startswith("-"):
            url = word
    return Call(page, url, tuple(headers), body, endless="-N" in words)


def keyless() -> set[str]:
    """Return the paths outside the API that the pages tell to open or to ask."""
    spans = {span for path in pages.pages() for span in pages.spans(path)}
    opened = {span.removeprefix(HUB) for span in spans if span.startswith(f"{HUB}/")}
    asked = {span.removeprefix("GET ") for span in spans if span.startswith("GET /")}
    return {path for path in opened | asked if not path.startswith("/api/")}


class World:
    """A business that the pages could be about, and what their variables stand for."""

    def __init__(self, trial: TrialHub) -> None:
        """Make the business and its credentials."""
        self._trial = trial
        hub, run = trial.hub, trial.run
        acme = run(hub.organizations.create, "acme", "Acme")
        server = run(hub.keys.create, acme.id, "server", "backend")
        widget = run(hub.keys.create, acme.id, "widget", "site", ORIGINS)
        data = {"phone_number_id": "1000001", "waba_id": "2000002"}
        self._words = {
            "$HUB": HUB,
            "$SERVER_KEY": server.plaintext,
            "$WIDGET_KEY": widget.plaintext,
            "$LEGACY_SECRET": run(hub.organizations.rotate_legacy_secret, acme.id),
            "$CONNECTION": trial.connect("whatsapp", "1000001", data, {"app_secret": SECRET}),
        }

    def make(self, call: Call) -> httpx.Response:
        """Make a call and return its answer."""
        path = self._said(call.url).removeprefix(HUB)
        if call.body is None:
            return self._trial.get(path, {name: self._said(text) for name, text in call.headers})
        file = call.body.removeprefix("@")
        raw = (ROOT / file).read_bytes() if file != call.body else call.body.encode()
        self._words["$signature"] = hmac.new(SECRET.encode(), raw, sha256).hexdigest()
        headers = {name: self._said(text) for name, text in call.headers}
        return self._trial.post(path, raw, headers)

    def status_of(self, call: Call) -> int:
        """Make a call, or begin it when its answer has no end; return the status."""
        if not call.endless:
            return self.make(call).status_code
        headers = {name: self._said(text) for name, text in call.headers}

        async def begin() -> int:
            async with opened(self._trial._client._transport.app, headers) as events:
                return events.status

        return self._trial.run(begin)

    def _said(self, text: str) -> str:
        for word, meaning in self._words.items():
            text = text.replace(word, meaning)
        return text


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A hub of the test's own."""
    with open_trial(tmp_path, BUNDLED) as trial:
        yield World(trial)


@pytest.mark.parametrize(
    "call",
    [call for call in calls() if call.page != ELSEWHERE],
    ids=lambda call: (
        f"{call.page} {'POST' if call.body else 'GET'} {call.url.rpartition('/api')[2]}"
    ),
)
def test_a_call_that_is_shown_succeeds(call: Call, world: World) -> None:
    """Typed as it stands, with real credentials, it is answered 200."""
    assert world.status_of(call) in {200, 201}


@pytest.mark.parametrize("path", sorted(keyless()))
def test_a_path_that_needs_no_key_is_answered(path: str, world: World) -> None:
    """What a page says to open in a browser, or to ask without a key, is there."""
    assert world.make(Call("", path, (), None)).status_code == 200


def test_every_folder_and_page_with_calls_is_looked_at() -> None:
    """The finder of calls sees the README, the API and each plugin's page."""
    seen = {call.page for call in calls()}

    assert {"README.md", "docs/api.md", "docs/life-of-a-message.md", ELSEWHERE} <= seen
    assert {path.parent.name for path in ROOT.glob("plugins/hub_*/README.md")} <= {
        Path(page).parent.name for page in seen
    }


def test_a_shown_answer_has_the_fields_of_a_real_one() -> None:
    """Every example of an answer to a message can be read as one, and has nothing more."""
    shown = [
        fence.text
        for path in pages.pages()
        for fence in pages.fences(path, "json")
        if '"ok"' in fence.text
    ]

    assert shown
    for text in shown:
        document = json.loads(text)
        read = msgspec.convert(document, MessageAccepted)
        assert msgspec.to_builtins(read) == document


def test_the_body_that_the_api_page_shows_is_taken(world: World) -> None:
    """The whole body of the page, with every field of the table's first part."""
    (text,) = (
        fence.text
        for fence in pages.fences(pages.DOCS / "api.md", "json")
        if '"direction"' in fence.text
    )
    key = ("Authorization", "Bearer $SERVER_KEY")
    call = Call("docs/api.md", f"{HUB}/api/v1/messages", (key,), text)

    assert world.make(call).status_code == 200
