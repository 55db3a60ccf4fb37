"""How it looks, and whether everybody can use it."""

import itertools
import json
from functools import partial

import pytest
from playwright.sync_api import Locator, expect

from tests.plugins.hub_widget.browser.chat import Chat
from tests.support.browser import Shop
from tests.support.node import package

LEAST_CONTRAST = 4.5
PHONE = {"width": 390, "height": 800}
heavy = partial(pytest.param, marks=pytest.mark.heavy)
# A sweep through the cube of colours, and what one writes besides hexadecimal digits.
SWEEP = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in itertools.product(range(0, 256, 51), repeat=3)]
LOAD_IN = """async ([src, key, colours]) => {
  const read = [];
  for (const colour of colours) {
    delete window.Clonvo;
    const script = Object.assign(document.createElement('script'), { src });
    Object.assign(script.dataset, { key, color: colour });
    await new Promise((go) => { script.onload = go; document.head.append(script) });
    const host = [...document.querySelectorAll('clonvo-chat')].at(-1);
    const style = getComputedStyle(host.shadowRoot.querySelector('aside > button'));
    read.push([colour, style.color, style.backgroundColor]);
  }
  return read;
}"""
COLOURS = [*SWEEP, "oklch(0.7 0.1 200)", "hsl(48 100% 50%)", "rebeccapurple", "lab(60 40 20)"]


def channels(colour: str) -> list[float]:
    """Return red, green and blue of a computed colour, from 0 to 1."""
    numbers = (
        [float(part) for part in colour.split("(")[1].rstrip(")").split()[1:4]]
        if (colour.startswith("color("))
        else [float(part) / 255 for part in colour.split("(")[1].rstrip(")").split(",")[:3]]
    )
    return [min(1.0, max(0.0, number)) for number in numbers]


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def whole_talk(chat: Chat) -> None:
    """Have a talk with everything in it."""
    chat.open()
    chat.say("Hello, see https://a.example")
    chat.notes("at")
    chat.replies("An answer")
    chat.shows("Hello, see https://a.example", "An answer")
    chat.page.wait_for_timeout(300)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(look, scheme: str) -> None:
    """No violation with the panel open and messages in it, and none when it is closed."""
    chat = look(color_scheme=scheme)
    whole_talk(chat)
    chat.page.add_script_tag(path=package("axe-core") / "axe.min.js")
    check = "async () => (await axe.run()).violations.map((v) => [v.id, v.nodes[0].target])"

    dark = luminance(chat.style(chat.panel, "backgroundColor")) < 0.1
    assert dark == (scheme == "dark")
    assert chat.page.evaluate(check) == []
    chat.page.keyboard.press("Escape")
    assert chat.page.evaluate(check) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(look, scheme: str) -> None:
    """What axe leaves open: text on bubbles, header, badge and below messages has its contrast."""
    chat = look(color_scheme=scheme)
    whole_talk(chat)
    back = chat.style(chat.panel, "backgroundColor")
    for where in ("header h2", "[role=log] div div:last-child p", "footer button"):
        place = chat.host.locator(where).last
        behind = chat.style(
            place if where != "header h2" else place.locator(".."), "backgroundColor"
        )
        behind = blended(behind, back)
        assert contrast(chat.style(place, "color"), behind) >= LEAST_CONTRAST, where
    for place, part in ((chat.host.locator("small").last, ""), (chat.box, "::placeholder")):
        colour, opacity = (chat.style(place, name, part) for name in ("color", "opacity"))
        assert contrast(mixed(colour, back, float(opacity)), back) >= LEAST_CONTRAST, part


def blended(front: str, back: str) -> str:
    """Return a colour with an alpha channel as it appears on another."""
    parts = front.replace("/", ",").split("(")[1].rstrip(")").split(",")
    alpha = float(parts[3]) if front.startswith("rgba") else 1.0
    return mixed(front, back, alpha)


def mixed(front: str, back: str, alpha: float) -> str:
    """Return so much of a colour over another."""
    pairs = zip(channels(front), channels(back), strict=True)
    return "color(srgb " + " ".join(str(f * alpha + b * (1 - alpha)) for f, b in pairs) + ")"


def test_ink_is_read_on_any_colour(look, shop: Shop) -> None:
    """Black or white is written on the brand's colour, in whatever way that is named."""
    chat = look(shop.page(body="<p>no widget"))
    src = f"{shop.hub.url}/widget.js"
    for colour, ink, back in chat.page.evaluate(LOAD_IN, [src, shop.widget_key, COLOURS]):
        assert ink in {"rgb(0, 0, 0)", "rgb(255, 255, 255)"}
        assert contrast(ink, back) >= LEAST_CONTRAST, colour


@pytest.mark.parametrize(
    "colour",
    ["red;}*{display:none", *(heavy(text) for text in ("url(x)", "no colour", "", "#12"))],
)
def test_colour_that_is_none_is_left_out(look, colour: str) -> None:
    """The default stands in for it, and nothing of it gets into a style."""
    chat = look(data={"color": colour})
    chat.open()

    assert channels(chat.style(chat.launcher, "backgroundColor")) == pytest.approx(
        [0x1B / 255, 0x3A / 255, 0x6B / 255], abs=0.001
    )
    assert chat.style(chat.page.locator("h1"), "display") == "block"


def fills(panel: Locator, width: int, height: int) -> bool:
    """Tell whether the panel is the whole screen."""
    return panel.bounding_box() == {"x": 0, "y": 0, "width": width, "height": height}


@pytest.mark.parametrize(("width", "height"), [(390, 800), (320, 180)])
def test_on_a_phone_it_is_the_screen(look, width: int, height: int) -> None:
    """Also at 400 % zoom: the page behind rests, no keyboard covers the talk, and all is undone."""
    chat = look(viewport={"width": width, "height": height}, has_touch=True, is_mobile=True)
    chat.launcher.tap()
    chat.page.wait_for_timeout(300)
    assert fills(chat.panel, width, height)
    assert chat.page.evaluate("document.body.inert") is True
    expect(chat.box).not_to_be_focused()
    corner = chat.launcher.bounding_box()
    assert corner
    assert (corner["y"], corner["x"] + corner["width"]) == (0, width)
    assert chat.page.evaluate("document.documentElement.scrollWidth") == width
    chat.box.tap()
    chat.say("hi")
    chat.notes("at")

    chat.launcher.tap()
    expect(chat.panel).to_be_hidden()
    assert chat.page.evaluate("document.body.inert") is False


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_on_a_phone_the_title_keeps_clear_of_the_button(look, shop: Shop, direction: str) -> None:
    """However long it is, and in both directions, what closes the panel stands beside it."""
    html = shop.page(title="A title that is much too long " * 3)
    chat = look(html.replace("<html", f'<html dir="{direction}"'), viewport=PHONE)
    chat.open()
    title = chat.host.locator("h2").bounding_box()
    button = chat.launcher.bounding_box()
    assert title
    assert button

    assert title["x"] >= button["x"] + button["width"] or (
        title["x"] + title["width"] <= button["x"]
    )


def test_on_a_desk_the_page_stays_in_use(look) -> None:
    """The panel is not modal: its page can be read, clicked and reached by keyboard."""
    chat = look()
    chat.open()

    assert chat.page.evaluate("document.body.inert") is False
    chat.page.locator("h1").click()


def test_nothing_moves(look) -> None:
    """It is there at once, for whoever wants less motion and for everybody else."""
    chat = look()
    whole_talk(chat)
    chat.say("one more")
    moving = chat.host.evaluate(
        """(host) => [...host.shadowRoot.querySelectorAll('*')]
             .map((e) => getComputedStyle(e))
             .filter((s) => s.animationName != 'none' || s.transitionDuration != '0s').length"""
    )
    assert moving == 0


def test_the_page_rests_behind_a_panel_that_covers_it(look) -> None:
    """As long as it does: a phone that is turned has its page back, and a new body rests too."""
    chat = look(viewport=PHONE)
    rests = "document.body.inert"
    chat.open()
    assert chat.page.evaluate(rests) is True
    chat.page.evaluate("document.body.replaceWith(document.createElement('body'))")
    chat.until(lambda: chat.page.evaluate(rests), lambda: "the new body does not rest")

    chat.page.set_viewport_size({"width": PHONE["height"], "height": PHONE["width"]})
    chat.until(lambda: not chat.page.evaluate(rests), lambda: "the page rests for good")
    chat.page.set_viewport_size(PHONE)
    chat.until(lambda: chat.page.evaluate(rests), lambda: "the page does not rest")
    chat.launcher.click()
    assert chat.page.evaluate(rests) is False


def test_what_rests_for_the_page_goes_on_resting(look) -> None:
    """A body that the page itself has made inert is left alone."""
    chat = look()
    chat.page.evaluate("document.body.inert = true; Clonvo.open(); Clonvo.close()")
    assert chat.page.evaluate("document.body.inert") is True


def test_borders_set_it_off_in_forced_colours(look) -> None:
    """Where backgrounds and shadows are taken away, launcher, panel and bubbles have an edge."""
    chat = look(forced_colors="active")
    whole_talk(chat)

    for place in (chat.launcher, chat.panel, chat.host.locator("p").last):
        assert chat.style(place, "borderTopWidth") == "1px"
        assert chat.style(place, "borderTopColor") != chat.style(chat.panel, "backgroundColor")


def test_assistive_technology_finds_it(look) -> None:
    """Outside the body, it is in the tree: a dialog with a name, a log, a box, named buttons."""
    chat = look()
    whole_talk(chat)
    session = chat.page.context.new_cdp_session(chat.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    found = {
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    }

    assert {
        ("dialog", "Chat with us"),
        ("heading", "Chat with us"),
        ("textbox", "Write a message"),
        ("button", "Send"),
        ("button", "Close"),
    } <= found, json.dumps(sorted(found))
    assert "log" in {role for role, _ in found}


def test_box_grows_with_what_is_written(look) -> None:
    """Up to a height, then it scrolls; the last messages stay in sight."""
    chat = look()
    whole_talk(chat)
    low = chat.box.bounding_box()
    chat.box.fill("line\n" * 3)
    higher = chat.box.bounding_box()
    chat.box.fill("line\n" * 30)
    highest = chat.box.bounding_box()

    assert low
    assert higher
    assert highest
    assert low["height"] < higher["height"] < highest["height"] <= 120
    expect(chat.host.locator("small").last).to_be_in_viewport()
