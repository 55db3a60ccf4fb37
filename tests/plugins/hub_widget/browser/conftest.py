"""A visitor in a real browser, on a page with the widget."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.plugins.hub_widget.browser.chat import Chat
from tests.support.browser import Answer, Shop, browser, playwright, shop, site

__all__ = ["browser", "playwright", "shop", "site"]

expect.set_options(timeout=8_000)
Visit = Callable[..., Chat]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser: `./run check` leaves it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)


@pytest.fixture
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that was never here."""
    context = browser.new_context(viewport={"width": 1000, "height": 760})
    yield context
    context.close()


@pytest.fixture
def visit(shop: Shop, profile: BrowserContext) -> Iterator[Visit]:
    """The visitor comes to a page: `visit()`, `visit(html, color="#fff")`."""
    faults: list[str] = []

    def come(
        html: str | None = None,
        *,
        path: str = "/",
        page: Page | None = None,
        headers: dict[str, str] | None = None,
        **data: Any,
    ) -> Chat:
        shop.site.pages[path] = Answer(html or shop.page(**data), headers or {})
        opened = page or profile.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        chat = Chat(shop, opened)
        chat.come(path)
        return chat

    yield come
    shop.site.pages.clear()
    assert faults == [], "the page has thrown"


@pytest.fixture
def look(browser: Browser, shop: Shop):
    """Come to a page in a window of the test's own kind."""
    contexts: list[BrowserContext] = []

    def come(html: str | None = None, data: dict[str, str] | None = None, **kind: object) -> Chat:
        contexts.append(browser.new_context(**kind))
        shop.site.pages["/"] = Answer(html or shop.page(**(data or {})))
        chat = Chat(shop, contexts[-1].new_page())
        chat.come()
        return chat

    yield come
    for context in contexts:
        context.close()
