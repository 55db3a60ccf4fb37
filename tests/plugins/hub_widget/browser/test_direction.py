"""On which side it is, and from where it is read."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import Shop


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("side", ["bottom-left", "bottom-right"])
def test_it_is_on_the_side_that_was_chosen(look, shop: Shop, direction: str, side: str) -> None:
    """In both directions; each message runs as its own letters do."""
    html = shop.page(position=side).replace("<html", f'<html dir="{direction}"')
    chat = look(html, viewport={"width": 900, "height": 700})
    chat.open()
    chat.say("שלום hello")
    chat.page.wait_for_timeout(300)
    width = 900
    for place in (chat.launcher, chat.panel):
        box = place.bounding_box()
        assert box
        gap = box["x"] if side == "bottom-left" else width - box["x"] - box["width"]
        assert gap == pytest.approx(20, abs=0.5)
    bubble, log = chat.host.locator("p").last.bounding_box(), chat.panel.bounding_box()
    assert bubble
    assert log
    at_the_end = bubble["x"] > log["x"] + log["width"] / 2
    assert at_the_end == (direction == "ltr")


def test_a_language_runs_its_own_way(look) -> None:
    """Arabic on a page that is read from the left: title, box and bubbles begin at the right."""
    chat = look(locale="ar-EG")
    chat.open()
    expect(chat.host).to_have_attribute("lang", "ar")
    assert chat.style(chat.panel, "direction") == "rtl"
    chat.say("مرحبا")
    chat.notes("at")

    title, bubble, panel = (
        one.bounding_box()
        for one in (chat.host.locator("h2"), chat.host.locator("p").last, chat.panel)
    )
    assert title
    assert bubble
    assert panel
    assert title["x"] + title["width"] > panel["x"] + panel["width"] / 2
    assert bubble["x"] < panel["x"] + panel["width"] / 2
    assert chat.page.evaluate("document.documentElement.dir") == ""
