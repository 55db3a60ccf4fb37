"""The widget on the sites that people have: built and served as they do, from pinned packages."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.plugins.hub_widget.browser.chat import Chat
from tests.plugins.hub_widget.hosts import sites
from tests.support.browser import Shop, browser, playwright, shop, site

__all__ = ["browser", "playwright", "shop", "site"]

expect.set_options(timeout=8_000)
DOCS = (sites.ROOT / "docs" / "widget.md").read_text(encoding="utf-8")
DEFAULT, HEAVY = ("vue", "turbo"), ("eleventy", "next", "nuxt", "wordpress", "app")
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
# The form in which each site takes over what the docs give.
SNIPPETS = {
    "vue": "js",
    "nuxt": "js",
    "next": "jsx",
    **dict.fromkeys(("eleventy", "wordpress", "app"), "html"),
}
pytestmark = pytest.mark.server


@pytest.fixture(
    scope="module",
    params=[*DEFAULT, *(pytest.param(name, marks=pytest.mark.heavy) for name in HEAVY)],
)
def host(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Shop]:
    """The shop, with its widget on a site of this kind."""
    with serving(shop, request.param) as served:
        yield served


@contextmanager
def serving(shop: Shop, name: str) -> Iterator[Shop]:
    """Serve a site that has the widget of the shop, by a key of its own."""

    def key(origin: str) -> str:
        made = shop.hub.command(
            *("key", "create", "--org=shop", "--json", f"--name={name}"),
            *("--kind=widget", "--origin", origin),
        )
        return str(json.loads(made)["key"])

    with sites.serving(name, shop.hub.url, key) as served:
        yield replace(shop, site=served)


@pytest.mark.parametrize("kind", ["desk", pytest.param("phone", marks=pytest.mark.heavy)])
def test_a_talk_goes_on_over_the_pages_of_the_site(host: Shop, browser: Browser, kind: str) -> None:
    """One launcher, a message that is stored, a live answer, and all of it on the next page."""
    told: list[str] = []
    page = browser.new_page(**(PHONE if kind == "phone" else {}))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda line: told.extend([] if is_nothing(line) else [line.text]))
    chat = Chat(host, page)
    chat.come()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    chat.open()
    chat.say("hello")
    chat.notes("at")
    chat.replies("good morning")
    chat.shows("hello", "good morning")

    if kind == "phone":
        # The panel is the screen.
        chat.launcher.click()
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="About")).to_be_visible()
    if not chat.panel.is_visible():
        chat.open()
    chat.shows("hello", "good morning")
    chat.say("from the next page")
    chat.notes("at", "at")
    assert page.locator("clonvo-chat").count() == 1
    assert chat.stored() == ["hello", "good morning", "from the next page"]
    paths = [body["visitor"]["path"].rstrip("/") for body in chat.sent("messages")]
    assert paths == ["", "/about"]
    assert told == []
    page.close()


@pytest.mark.heavy
def test_an_app_says_who_its_user_is(shop: Shop, browser: Browser) -> None:
    """As the docs give it; what the page alone says is shown as not verified."""
    with serving(shop, "app") as host:
        chat = Chat(host, browser.new_page(**PHONE))
        chat.come()
        chat.open()
        chat.say("hello")
        chat.notes("at")
        session = shop.call("GET", f"/sessions?visitorId={chat.visitor_id()}")["data"][0]
        chat.page.close()

    told = [session[f"external{name}"] for name in ("UserId", "Email", "Name")]
    assert told == ["u_42", "jane@example.com", "Jane Doe"]
    assert session["verified"] is False


def is_nothing(line: ConsoleMessage) -> bool:
    """Tell whether the console says no more than that the site has no icon, or is at work."""
    return line.type == "log" or line.location["url"].endswith("/favicon.ico")


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_docs_say_what_the_site_has(name: str) -> None:
    """What was tried is what people are told to do."""
    blocks = re.findall(rf"```{SNIPPETS[name]}\n(.*?)```", DOCS, re.DOTALL)
    plain = without_spaces(sites.text_of(name))

    assert any(all(line in plain for line in lines_of(block)) for block in blocks)


def lines_of(block: str) -> list[str]:
    """Return what is to be found of a block: its lines, but for comments."""
    lines = (line for line in block.splitlines() if not line.strip().startswith("//"))
    return [without_spaces(line) for line in lines]


def without_spaces(text: str) -> str:
    """Leave out what formatters do as they like: spaces, and commas."""
    return re.sub(r"[\s,]", "", text)
