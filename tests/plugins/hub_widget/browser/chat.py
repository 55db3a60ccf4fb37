"""What a visitor sees of the widget, and does with it."""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.support.browser import Shop

SECONDS = 8_000
_ROWS = """
    (host) => [...host.shadowRoot.querySelectorAll('[role=log] p')].map((p) => ({
      text: p.textContent,
      note: p.nextSibling.textContent.trim(),
      mine: getComputedStyle(p.parentNode).justifyItems == 'end',
    }))
"""

STREAM = re.compile(r"/api/v1/widget/stream\?")
BROKEN = os.environ.get("HUB_TEST_WIDGET", "")
"""A script to be given in place of the hub's (test_breaks.py)."""


class Chat:
    """One tab of a visitor."""

    def __init__(self, shop: Shop, page: Page) -> None:
        """Watch what the tab asks the hub."""
        self.shop = shop
        self.page = page
        self.calls: list[Request] = []
        page.on("request", self._note)
        if BROKEN:
            page.context.route("**/widget.js", self._answer_with_a_broken_one)

    def _answer_with_a_broken_one(self, route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(path=BROKEN, content_type="text/javascript", headers=headers)

    def _note(self, request: Request) -> None:
        if request.url.startswith(f"{self.shop.hub.url}/api/") and request.method != "OPTIONS":
            self.calls.append(request)

    @property
    def host(self) -> Locator:
        """Return the element that the widget lives in."""
        return self.page.locator("clonvo-chat")

    @property
    def launcher(self) -> Locator:
        """Return the button in the corner."""
        return self.host.locator("aside > button")

    @property
    def panel(self) -> Locator:
        """Return the panel."""
        return self.host.locator("section")

    @property
    def box(self) -> Locator:
        """Return where one writes."""
        return self.host.locator("textarea")

    @property
    def send(self) -> Locator:
        """Return the button that sends."""
        return self.host.locator("footer button")

    def come(self, path: str = "/") -> None:
        """Go to a page of the site."""
        self.page.goto(f"{self.shop.site.origin}{path}")

    def stop_clock(self) -> None:
        """Load the page again with a clock that goes on by `pass_time` alone."""
        self.page.clock.install()
        self.page.reload()
        self.page.clock.pause_at(self.page.evaluate("Date.now()") / 1000 + 1)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in the page."""
        self.page.clock.run_for(int(seconds * 1000))

    def open(self) -> None:
        """Press the launcher; the panel is there and greets."""
        self.launcher.click()
        expect(self.panel).to_be_visible()

    def say(self, *texts: str) -> None:
        """Write messages and press Enter after each."""
        for text in texts:
            self.box.fill(text)
            self.box.press("Enter")

    def rows(self) -> list[dict[str, Any]]:
        """Return the messages on the screen: text, note below, whose."""
        rows: list[dict[str, Any]] = self.host.evaluate(_ROWS)
        return rows

    def texts(self) -> list[str]:
        """Return the texts on the screen, without the greeting."""
        return [row["text"] for row in self.rows()][1:]

    def shows(self, *texts: str) -> None:
        """Wait until these are the messages, in this order."""
        self.until(lambda: self.texts() == list(texts), self.texts)

    def notes(self, *notes: str) -> None:
        """Wait until these stand below the visitor's messages; `at` is any time."""

        def below() -> list[str]:
            mine = [row["note"] for row in self.rows() if row["mine"]]
            return ["at" if re.search(r"\d:\d\d", note) else note for note in mine]

        self.until(lambda: below() == list(notes), below)

    def sent(self, kind: str) -> list[Any]:
        """Return the bodies that the tab has posted to `messages` or `events`."""
        return [call.post_data_json for call in self.calls if call.url.endswith(f"/{kind}")]

    def events(self) -> list[str]:
        """Return the types of the events that the tab has told."""
        return [event["type"] for body in self.sent("events") for event in body["events"]]

    def streams(self) -> list[Request]:
        """Return the streams that the tab has opened."""
        return [call for call in self.calls if "/widget/stream?" in call.url]

    def visitor_id(self) -> str:
        """Return the visitor's name."""
        name: str = self.page.evaluate("Clonvo.visitorId()")
        return name

    def kept(self) -> dict[str, Any] | None:
        """Return what the widget keeps in the browser."""
        text = "localStorage[Object.keys(localStorage).find((k) => k.startsWith('clonvo:'))]"
        kept: dict[str, Any] | None = self.page.evaluate(f"JSON.parse({text} ?? null)")
        return kept

    def style(self, where: Locator, name: str, part: str = "") -> str:
        """Return a computed style of an element, or of a part of it (`::placeholder`)."""
        read = "(element, [name, part]) => getComputedStyle(element, part || null)[name]"
        value: str = where.evaluate(read, [name, part])
        return value

    def hold(self, url: str, most: int = 1000) -> list[Route]:
        """Leave so many calls without an answer; return the list that they gather in."""
        held: list[Route] = []

        def keep(route: Route) -> None:
            if len(held) < most:
                held.append(route)
            else:
                route.fallback()

        # A route that is over lets go what it held, so this one stays.
        self.page.route(url, keep)
        return held

    def until(
        self, holds: Callable[[], bool], shown: Callable[[], object], seconds: float = 8
    ) -> None:
        """Wait until something holds; say what there was when it does not."""
        for _ in range(int(seconds * 20)):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(shown())

    def replies(self, *texts: str) -> None:
        """Let an operator answer."""
        self.shop.reply(self.visitor_id(), *texts)

    def stored(self) -> Sequence[str]:
        """Return the texts that the hub has of this talk, in order."""
        return [message["body"] for message in self.shop.messages(self.visitor_id())]
