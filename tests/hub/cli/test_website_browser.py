"""The demo's page in a real browser: it can be used, and everybody can use it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.cli.bakery import REPLY, SETTINGS
from hub.cli.demo import ANSWER
from hub_widget.languages import LANGUAGES
from tests.hub.cli.demo_site import Demo, demo
from tests.support.browser import browser, playwright
from tests.support.node import package

__all__ = ["browser", "demo", "playwright"]

SIZES = {"desktop": (1200, 800), "phone": (390, 844), "narrow": (320, 640)}
AXE = """() => axe.run(document, {resultTypes: ['violations']})
    .then(({violations}) => violations.map((one) => [one.id, one.nodes.map((n) => n.html)]))"""
pytestmark = pytest.mark.server


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Each colour scheme."""
    return request.param


@pytest.fixture(params=SIZES)
def page(browser: Browser, demo: Demo, scheme: str, request: pytest.FixtureRequest):
    """The page on a screen of each size; whatever it complains of fails the test."""
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US"
    )
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text))
    opened.goto(demo.address)
    yield opened
    context.close()
    assert complaints == []


def violations(page: Page) -> list:
    """Return what axe finds; it runs beside the page, whose policy lets no other script in."""
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
    code = (package("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    run = {"contextId": world, "returnByValue": True, "awaitPromise": True}
    session.send("Runtime.evaluate", {"expression": code, **run, "returnByValue": False})
    found = session.send("Runtime.evaluate", {"expression": f"({AXE})()", **run})
    assert "exceptionDetails" not in found, found
    return found["result"]["value"]


def test_everybody_can_use_the_page_and_its_chat(page: Page) -> None:
    """No violation with the chat closed and open, light and dark; nothing is wider than it."""
    expect(page.locator("clonvo-chat aside > button")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("button", name="Ask the bakery").first.click()
    expect(page.locator("clonvo-chat section")).to_be_visible()
    expect(page.get_by_text(SETTINGS["greeting"])).to_be_visible()
    page.wait_for_timeout(400)
    assert violations(page) == []


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_fault_would_be_found(page: Page) -> None:
    """Grey on grey, and a picture without words."""
    page.evaluate(
        """() => {
          document.querySelector('.lead').style.color = 'var(--line)';
          document.querySelector('.loaf').removeAttribute('aria-label');
        }"""
    )

    assert [name for name, _ in violations(page)] == ["color-contrast", "svg-img-alt"]


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_a_question_is_answered_with_the_printed_line(page: Page, demo: Demo) -> None:
    """A press on a question sends it; pasted into a shell, the line brings the answer."""
    page.get_by_role("button", name="Any rye left?").click()
    expect(page.get_by_text("Is there any rye bread left?")).to_be_visible()
    expect(page.locator("clonvo-chat small", has_text=":")).to_have_count(1)

    demo.paste(ANSWER)

    expect(page.get_by_text(REPLY)).to_be_visible()
    assert page.get_by_text("Is there any rye bread left?").count() == 1


@pytest.mark.parametrize(("locale", "tag"), [("de-AT", "de"), ("he-IL", "he"), ("sv-SE", "en")])
def test_the_chat_speaks_the_visitors_language(
    browser: Browser, demo: Demo, locale: str, tag: str
) -> None:
    """What the browser asks for by itself, also where the page is in English."""
    opened = browser.new_page(locale=locale)
    opened.goto(demo.address)
    opened.get_by_role("button", name="Ask the bakery").first.click()
    words = LANGUAGES[tag].words

    expect(opened.get_by_placeholder(words["write"])).to_be_visible()
    expect(opened.get_by_role("button", name=words["send"], exact=True)).to_be_visible()
    opened.close()
