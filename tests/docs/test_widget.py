"""The page about the widget says what the source says, and its examples are run in a browser."""

import inspect
import json
import re
from typing import get_type_hints

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from hub.auth import origins
from hub.fields import Body
from hub.files import Asset
from hub.store.admin.records import BusinessSettings
from hub_widget.languages import LANGUAGES
from tests.docs import pages
from tests.docs.pages import ROOT, Fence
from tests.support.browser import Answer, Shop, browser, playwright, shop, site
from tests.support.node import node, package

__all__ = ["browser", "playwright", "shop", "site"]

PAGE = pages.DOCS / "widget.md"
WIDGET = ROOT / "widget"
HUB, KEY = "https://hub.example.com", "cwk_live_" + "x" * 32
PARSE = """
const { transformSync } = require(process.argv[1]);
transformSync(process.argv[2], { loader: "jsx" });
"""
POLICY, PLAIN, SIGNED_IN, STEERED = "http-equiv", "data-position", "ClonvoIdentify", "Clonvo.push"


def source(*names: str) -> str:
    """Return the text of the widget's files; without names of all."""
    folder = WIDGET / "src"
    paths = [folder / name for name in names] or sorted(folder.iterdir())
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def example(mark: str, shop: Shop) -> str:
    """Return the page's HTML that has this word in it, with a real address and key."""
    (found,) = [fence for fence in pages.fences(PAGE, "html") if mark in fence.text]
    return found.text.replace(HUB, shop.hub.url).replace(KEY, shop.widget_key)


def column(heading: str, number: int = 0) -> list[str]:
    """Return a column of the tables under a heading."""
    return [row[number] for row in pages.rows(PAGE, heading)]


@pytest.fixture
def page(browser: Browser, shop: Shop):
    """A tab of a visitor who was never here; what goes wrong in it fails the test."""
    context = browser.new_context()
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text))
    yield opened
    context.close()
    shop.site.pages.clear()
    assert complaints == []


def visit(page: Page, shop: Shop, *, head: str = "", body: str = "") -> None:
    """Go to a page of the site that is made of this."""
    # Without an icon of its own a browser asks for one, and a policy may forbid that.
    icon = '<link rel="icon" href="data:,">' if POLICY not in head else ""
    shop.site.pages["/"] = Answer(shop.page(head=head + icon, body=body))
    page.goto(shop.site.origin)


def say(page: Page, text: str) -> None:
    """Open the panel, write, and wait until the hub has it."""
    page.locator("clonvo-chat aside > button").click()
    box = page.locator("clonvo-chat textarea")
    box.fill(text)
    box.press("Enter")
    arrived(page, text)


def arrived(page: Page, text: str) -> None:
    """Wait until a message has come back with its time."""
    row = page.locator("clonvo-chat [role=log] div", has_text=text).last
    expect(row.locator("small")).to_contain_text(re.compile(r"\d:\d\d"), timeout=8_000)


def test_the_tag_is_all(page: Page, shop: Shop) -> None:
    """Pasted before `</body>`: the bubble is there, titled as it says, and a message arrives."""
    visit(page, shop, body=example(PLAIN, shop))

    expect(page.get_by_role("button", name="Talk to support")).to_be_visible()
    say(page, "Hello")


def test_who_is_signed_in_is_told(page: Page, shop: Shop) -> None:
    """The session has the three fields, not verified."""
    visit(page, shop, body=example(SIGNED_IN, shop))
    say(page, "My export hangs.")
    visitor = page.evaluate("Clonvo.visitorId()")
    (session,) = shop.call("GET", f"/sessions?visitorId={visitor}")["data"]

    told = (session["externalUserId"], session["externalEmail"], session["externalName"])
    assert told == ("u_42", "jane@example.com", "Jane Doe")
    assert session["verified"] is False


def test_a_page_may_ask_before_it_has_loaded(page: Page, shop: Shop) -> None:
    """What is pushed while the script is still on its way is done when it comes."""
    early = example(STEERED, shop).replace(
        "</script>", 'document.querySelector("#ask").click();</script>', 1
    )
    visit(page, shop, body=early)

    expect(page.locator("clonvo-chat section")).to_be_visible()
    arrived(page, "Do you ship to Canada?")


def test_the_policy_is_enough(page: Page, shop: Shop) -> None:
    """With it alone, and with Trusted Types beside it, a message arrives and nothing complains."""
    trusted = "; require-trusted-types-for 'script'; trusted-types 'none'\""
    policy = re.sub(r'"(?=\s*>)', trusted, example(POLICY, shop))
    assert "trusted-types" in policy
    visit(page, shop, head=policy)
    say(page, "Hello")


def test_less_than_the_policy_is_not_enough(browser: Browser, shop: Shop) -> None:
    """Without `connect-src` nothing is sent: the policy does stop things."""
    policy = re.sub(r"connect-src [^\"]*", "", example(POLICY, shop))
    opened = browser.new_page()
    visit(opened, shop, head=policy)
    opened.locator("clonvo-chat aside > button").click()
    opened.locator("clonvo-chat textarea").fill("Hello")
    opened.locator("clonvo-chat textarea").press("Enter")

    expect(opened.locator("clonvo-chat small").last).to_have_text("Waiting…")
    opened.close()
    shop.site.pages.clear()


@pytest.mark.parametrize("fence", pages.fences(PAGE, "js", "jsx"), ids=lambda one: one.text[:24])
def test_code_for_frameworks_is_well_formed(fence: Fence) -> None:
    """Each piece is read by a compiler, and has the address and the key in it."""
    node("-e", PARSE, str(package("esbuild")), fence.text)

    assert f"{HUB}/widget.js" in fence.text
    assert KEY in fence.text


def test_code_that_is_not_well_formed_is_found() -> None:
    """The compiler complains of a brace too few."""
    with pytest.raises(AssertionError, match="Transform failed"):
        node("-e", PARSE, str(package("esbuild")), "export default { a: <b>")


def test_every_attribute_and_every_call_is_told() -> None:
    """The tables name what the source reads and gives, and nothing else."""
    text = source()
    read = set(re.findall(r"options\??\.(\w+)", text))
    read |= {
        name
        for names in re.findall(r"\{([^}]+)\} = options", text)
        for name in re.findall(r"\w+", names)
    }
    api = source("main.ts").partition("self.Clonvo = {")[2].partition("\n  });")[0]
    given = re.findall(r"^    (\w+)[:(]", api, re.MULTILINE)

    assert set(column("## Attributes")) == {f"data-{name}" for name in read}
    calls = [re.match(r"Clonvo\.(\w+)\(", cell)[1] for cell in column("## Steer it")]
    assert sorted(calls) == sorted(given)
    assert "#1b3a6b" in text.lower()


def test_the_notes_below_messages_are_the_widgets() -> None:
    """Word for word, in English."""
    words = set(re.findall(r': "([^"]*)"', source("words.ts")))

    assert set(column("## When it does not go through")) - words == {"a time"}
    assert (
        f'"{json.loads(re.search(r"greeting: (.+),", source("words.ts"))[1])}"' in PAGE.read_text()
    )


def test_the_languages_and_settings_are_the_codes() -> None:
    """All languages by their tags; each setting of a business that the widget shows."""
    listed = pages.prose(PAGE).partition("browser asks for:\n")[2].partition(".\n")[0]
    settings = get_type_hints(BusinessSettings, include_extras=True)

    assert set(re.findall(r"`([\w-]+)`", listed)) == set(LANGUAGES)
    assert set(column("## Languages")) <= set(settings)
    for name in ("greeting", "away"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert("x" * 501, settings[name])
        assert msgspec.convert("x" * 500, settings[name])


def test_the_numbers_are_the_codes() -> None:
    """Size, browsers, patience, and for how long the script is kept."""
    text, build = pages.prose(PAGE), (WIDGET / "build.mjs").read_text()
    limit = int(re.search(r"LIMIT = (\d+)", build)[1])
    chrome, firefox, safari = re.findall(r'"(?:chrome|firefox|safari)([\d.]+)"', build)
    seconds = re.search(r"(?:PATIENCE|IDENTITY_SECONDS) = (\d+)", source())[1]
    (longest,) = [meta.max_length for meta in Body.__metadata__ if meta.max_length]
    kept = inspect.signature(Asset).parameters["max_age"].default // 60

    assert f"at most {limit:,} bytes" in text
    assert f"Chrome {chrome}, Firefox {firefox}, Safari {safari}" in text
    assert f"longer than {seconds} seconds" in text
    assert f"at most {longest:,} characters" in text
    assert f"for {kept} minutes unasked" in text


def test_an_apps_origins_can_be_allowed() -> None:
    """Those that work can be named for a key as they stand there; `null` cannot."""
    for _, origin, works in pages.rows(PAGE, "## In an app"):
        if "://" in origin:
            assert origins.parse_allowed(origin).text == origin
            assert works == "yes"
    with pytest.raises(ValueError, match="null"):
        origins.parse_allowed("null")
