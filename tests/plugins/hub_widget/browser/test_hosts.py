"""The widget on every kind of page: loaded in any way, under any policy, through any swap."""

from functools import partial

import pytest
from playwright.sync_api import expect

from tests.plugins.hub_widget.browser.chat import Chat
from tests.plugins.hub_widget.browser.conftest import Visit
from tests.support.browser import PAGE, Shop

heavy = partial(pytest.param, marks=pytest.mark.heavy)
HOSTILE = """
    <style>
      * { color: red !important; display: block !important; font: 40px fantasy !important;
          visibility: hidden !important; opacity: 0 !important; position: static !important }
      div:empty, clonvo-chat { display: none !important }
      body { transform: rotate(3deg); filter: blur(2px); overflow: hidden }
      html { font-size: 80px }
      button { all: unset !important }
    </style>"""
STRICT = (
    "default-src 'none'; script-src {hub}; connect-src {hub}; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def loaded(shop: Shop, how: str) -> dict[str, str]:
    """Return a page that loads the script in one of the ways that sites do."""
    src, key = f"{shop.hub.url}/widget.js", f'data-key="{shop.widget_key}"'
    ways = {
        "in the head": {"head": f'<head><script src="{src}" {key}></script></head>'},
        "deferred": {"head": f'<head><script src="{src}" {key} defer></script></head>'},
        "async": {"head": f'<head><script src="{src}" {key} async></script></head>'},
        "as a module": {"head": f'<head><script src="{src}" {key} type="module"></script></head>'},
        "at the end": {"body": f'<script src="{src}" {key}></script>'},
        "by a script": {
            "body": f"""<script>
                const s = document.createElement("script");
                s.src = "{src}"; s.dataset.key = "{shop.widget_key}"; s.defer = true;
                document.body.appendChild(s);
            </script>"""
        },
        "when idle": {
            "body": f"""<script>
                addEventListener("load", () => requestIdleCallback(() => {{
                    const s = document.createElement("script");
                    s.src = "{src}"; s.setAttribute("data-key", "{shop.widget_key}");
                    document.head.append(s);
                }}))
            </script>"""
        },
        "twice": {"body": f'<script src="{src}" {key}></script>' * 2},
    }
    return ways[how]


@pytest.mark.parametrize(
    "how",
    [
        *("in the head", "as a module", "by a script"),
        *(heavy(how) for how in ("deferred", "async", "at the end", "when idle", "twice")),
    ],
)
def test_it_works_however_it_is_loaded(visit: Visit, shop: Shop, how: str) -> None:
    """One launcher, a child of the root element, and a talk that arrives."""
    chat = visit(shop.page(**loaded(shop, how)))
    chat.open()
    chat.say("hi")
    chat.notes("at")

    assert chat.page.locator("html > clonvo-chat").count() == 1


def test_it_leaves_one_name_in_the_page(visit: Visit, shop: Shop) -> None:
    """`Clonvo` and nothing else is new in the window; running it again changes nothing."""
    chat = visit(shop.page(body="<p>no widget"))
    before = set(chat.page.evaluate("Object.keys(window)"))
    load = "([src, key]) => new Promise((go) => { const s = document.createElement('script');"
    load += " s.src = src; s.dataset.key = key; s.onload = go; document.head.append(s) })"
    for _ in range(2):
        chat.page.evaluate(load, [f"{shop.hub.url}/widget.js", shop.widget_key])
    chat.open()
    chat.say("hi")
    chat.notes("at")

    assert set(chat.page.evaluate("Object.keys(window)")) - before == {"Clonvo"}
    assert chat.page.evaluate("Object.keys(Clonvo).sort()") == [
        *("close", "open", "push", "reset", "sendProgrammatic", "visitorId"),
    ]


def test_without_a_key_it_says_so_and_does_nothing(visit: Visit, shop: Shop) -> None:
    """One warning, no launcher, no throw."""
    warnings: list[str] = []
    chat = visit(shop.page(body="<p>no widget"))
    chat.page.on("console", lambda line: warnings.append(f"{line.type}: {line.text}"))
    visit(shop.page(body=f'<script src="{shop.hub.url}/widget.js"></script>'), page=chat.page)

    assert chat.host.count() == 0
    assert warnings == ["warning: Clonvo: no data-key"]


def test_commands_may_come_before_it(visit: Visit, shop: Shop) -> None:
    """What the page has pushed is done when it loads; a push after that at once."""
    early = '<script>Clonvo = [["open"], ["sendProgrammatic", "early"]]</script>'
    chat = visit(shop.page(body=f"{early}{shop.tag()}</script>"))
    expect(chat.panel).to_be_visible()
    chat.page.evaluate("Clonvo.push(['sendProgrammatic', 'late'])")
    chat.shows("early", "late")
    chat.page.evaluate("Clonvo.push(['close'])")
    expect(chat.panel).to_be_hidden()


@pytest.mark.heavy
@pytest.mark.parametrize("clobbered", ['<a id="Clonvo">', "<script>Clonvo = {}</script>"])
def test_a_name_that_is_taken_is_taken_over(visit: Visit, shop: Shop, clobbered: str) -> None:
    """An element or an object of the page under the same name stops nothing."""
    chat = visit(shop.page(body=f"{clobbered}{shop.tag()}</script>"))
    chat.open()


def test_strict_policy_needs_two_lines(visit: Visit, shop: Shop) -> None:
    """The hub in `script-src` and `connect-src`, Trusted Types, nothing else: no violation."""
    policy = STRICT.format(hub=shop.hub.url)
    violations: list[str] = []
    chat = visit(shop.page(body="<p>first"))
    chat.page.on("console", lambda line: violations.append(line.text))
    visit(page=chat.page, headers={"Content-Security-Policy": policy}, color="#ffcc00")
    chat.open()
    chat.say("See https://a.example")
    chat.notes("at")

    assert [text for text in violations if "icon" not in text] == []
    assert chat.style(chat.launcher, "backgroundColor") == "color(srgb 1 0.8 0)"


def test_styles_of_the_page_stay_outside(visit: Visit, shop: Shop) -> None:
    """Whatever the page says to every element, the widget looks as it does elsewhere."""
    plain = visit()
    plain.open()
    names = ("color", "fontSize", "display", "visibility", "opacity", "position", "width")
    places = ("launcher", "panel", "box", "send")

    def looks(chat: Chat) -> list[str]:
        chat.until(lambda: chat.style(chat.panel, "opacity") == "1", lambda: "it fades in")
        return [chat.style(getattr(chat, place), name) for place in places for name in names]

    expected = looks(plain)
    chat = visit(shop.page(head=HOSTILE))
    chat.launcher.dispatch_event("click")
    assert looks(chat) == expected
    assert chat.launcher.bounding_box() == plain.launcher.bounding_box()


@pytest.mark.parametrize(
    "swap",
    [
        "document.body.innerHTML = ''",
        "document.body.replaceWith(document.createElement('body'))",
        heavy("document.querySelector('clonvo-chat').remove()"),
        heavy("document.documentElement.replaceChildren(document.createElement('body'))"),
    ],
)
def test_it_survives_what_frameworks_do(visit: Visit, swap: str) -> None:
    """The body is emptied or exchanged, the host removed: talk, draft and stream go on."""
    chat = visit()
    chat.open()
    chat.say("hi")
    chat.notes("at")
    chat.box.fill("a draft")
    chat.page.evaluate(swap)
    expect(chat.box).to_have_value("a draft")
    chat.replies("still there?")

    chat.shows("hi", "still there?")
    assert len(chat.streams()) == 1


def test_shortcuts_of_the_page_do_not_see_what_is_written(visit: Visit) -> None:
    """Keys in the panel stay in it; those outside are the page's."""
    chat = visit()
    chat.page.evaluate(
        """window.keys = []; for (const type of ['keydown', 'keypress'])
             addEventListener(type, (e) => keys.push(e.key))"""
    )
    chat.open()
    chat.box.press_sequentially("jk/")
    assert chat.page.evaluate("keys") == []
    chat.page.evaluate("Clonvo.close(); document.activeElement.blur()")
    chat.page.keyboard.press("j")
    assert chat.page.evaluate("keys") == ["j", "j"]


def test_frame_without_an_origin_is_refused_and_nothing_breaks(visit: Visit, shop: Shop) -> None:
    """In a sandbox nothing can be kept and the hub refuses: the panel opens, a message waits."""
    inner = shop.page().replace('"', "&quot;")
    frame = f'<iframe sandbox="allow-scripts" srcdoc="{inner}" width=600 height=600></iframe>'
    chat = visit(PAGE.format(head="", body=frame))
    inside = chat.page.frame_locator("iframe").locator("clonvo-chat")
    inside.locator("aside > button").click()
    inside.locator("textarea").fill("hi")
    inside.locator("textarea").press("Enter")

    expect(inside.locator("[role=log] small").last).to_have_text("Waiting…")


@pytest.mark.heavy
def test_key_that_was_rotated_goes_on_with_the_talk(visit: Visit, shop: Shop) -> None:
    """The site puts in the new secret of its key; the visitor's talk is there."""
    chat = visit()
    chat.open()
    chat.say("hi")
    chat.notes("at")
    name = chat.visitor_id()
    rotated = shop.hub.command("key", "rotate", shop.widget_key_id, "--overlap", "--json")
    new = rotated.split("cwk_live_")[1][:32]
    html = shop.page().replace(shop.widget_key, f"cwk_live_{new}")
    visit(html, page=chat.page)
    chat.open()

    chat.shows("hi")
    assert chat.visitor_id() == name
