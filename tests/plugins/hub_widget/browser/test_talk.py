"""A visitor opens the bubble, writes, and reads the answer."""

import html
import json

from playwright.sync_api import BrowserContext, expect

from tests.plugins.hub_widget.browser.chat import STREAM, Chat
from tests.plugins.hub_widget.browser.conftest import Visit
from tests.support.browser import Shop

MARKUP = '<img src=x onerror="window.hit=1"><script>window.hit=1</script> &amp; <b>bold</b>'
LINKS = (
    "See https://a.example/x?y=1&z=(2), http://b.example. Not javascript:alert(1), "
    "ftp://c.example or https:// alone. HTTPS://D.EXAMPLE"
)


def focused(chat: Chat) -> str:
    """Return the tag that has the focus, inside of the widget or outside."""
    tag: str = chat.page.evaluate(
        "(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).tagName"
    )
    return tag


def test_nothing_is_asked_or_kept_before_it_is_used(visit: Visit) -> None:
    """A page view costs one script: no call, no storage, also not by moving about on the page."""
    chat = visit()
    chat.page.mouse.move(300, 300)
    chat.page.keyboard.press("a")
    chat.page.wait_for_timeout(300)

    assert chat.calls == []
    assert chat.kept() is None
    expect(chat.panel).to_be_hidden()


def test_talk_goes_both_ways_live(visit: Visit) -> None:
    """A message is shown once, stored once, and its answer comes without being asked for."""
    chat = visit()
    chat.open()
    chat.say("Hello, is anybody there?")
    chat.notes("at")
    chat.replies("Yes. How can I help?")

    chat.shows("Hello, is anybody there?", "Yes. How can I help?")
    assert chat.stored() == ["Hello, is anybody there?", "Yes. How can I help?"]
    assert len(chat.sent("messages")) == 1


def test_message_says_where_it_was_written(visit: Visit) -> None:
    """Path without query, referrer, and an id of its own from birth."""
    chat = visit(path="/pricing")
    chat.come("/pricing?token=secret")
    chat.open()
    chat.page.evaluate("history.pushState(0, '', '/checkout?card=1')")
    chat.say("hi")
    chat.notes("at")

    (body,) = chat.sent("messages")
    assert body["body"] == "hi"
    assert body["visitor"]["path"] == "/checkout"
    assert len(body["providerMessageId"]) > 20
    assert "secret" not in str(body)


def test_focus_goes_in_and_comes_back(visit: Visit) -> None:
    """Into the box on opening, back to the launcher on Escape; a page's own focus is left alone."""
    chat = visit()
    chat.launcher.focus()
    chat.page.keyboard.press("Enter")
    assert focused(chat) == "TEXTAREA"
    expect(chat.launcher).to_have_attribute("aria-expanded", "true")
    expect(chat.launcher).to_have_accessible_name("Close")

    chat.page.keyboard.press("Escape")
    assert focused(chat) == "BUTTON"
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_have_accessible_name("Chat with us")

    chat.page.evaluate("Clonvo.open()")
    chat.page.evaluate("document.body.append(document.createElement('input'))")
    chat.page.locator("input").focus()
    chat.page.evaluate("Clonvo.close()")
    assert focused(chat) == "INPUT"


def test_enter_sends_and_shift_enter_breaks(visit: Visit) -> None:
    """Blank text is not sent; what is sent is as it was written, without white space around."""
    chat = visit()
    chat.open()
    chat.box.press("Enter")
    chat.box.fill("   \n ")
    chat.send.click()
    chat.box.fill(" one")
    chat.box.press("Shift+Enter")
    chat.page.keyboard.type("two ")
    chat.box.press("Enter")

    chat.shows("one\ntwo")
    expect(chat.box).to_have_value("")
    assert [body["body"] for body in chat.sent("messages")] == ["one\ntwo"]


def test_enter_of_an_input_method_does_not_send(visit: Visit, profile: BrowserContext) -> None:
    """While a word is composed Enter and Escape are the input method's."""
    chat = visit()
    chat.open()
    chat.box.focus()
    session = profile.new_cdp_session(chat.page)
    session.send("Input.imeSetComposition", {"text": "に", "selectionStart": 1, "selectionEnd": 1})
    for key, code in (("Enter", 13), ("Escape", 27), ("Process", 229)):
        event = {"key": key, "windowsVirtualKeyCode": code}
        session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
    chat.page.wait_for_timeout(200)
    expect(chat.panel).to_be_visible()
    assert chat.texts() == []

    session.send("Input.insertText", {"text": "日本"})
    chat.box.press("Enter")
    chat.shows("日本")


def test_text_is_never_markup(visit: Visit) -> None:
    """Of the visitor and of an operator: tags and entities are shown as they are."""
    chat = visit(title=html.escape(MARKUP))
    chat.open()
    chat.say(MARKUP)
    chat.notes("at")
    chat.replies(MARKUP)

    chat.shows(MARKUP, MARKUP)
    assert chat.page.evaluate("window.hit") is None
    assert chat.host.locator("img, script, p b").count() == 0
    expect(chat.panel).to_have_accessible_name(MARKUP)


def test_addresses_are_links_and_nothing_else_is(visit: Visit) -> None:
    """Only http and https, without what closes a sentence; in a new tab with no opener."""
    chat = visit()
    chat.open()
    chat.say(LINKS)
    chat.shows(LINKS)
    links = chat.host.locator("p a")

    assert links.evaluate_all("(all) => all.map((a) => a.textContent)") == [
        "https://a.example/x?y=1&z=(2",
        "http://b.example",
    ]
    assert set(links.evaluate_all("(all) => all.map((a) => a.target)")) == {"_blank"}
    chat.page.context.route("http://b.example/**", lambda route: route.fulfill(body="there"))
    with chat.page.expect_popup() as popup:
        links.nth(1).click()
    assert popup.value.evaluate("opener") is None


def test_an_address_ends_where_other_writing_begins(visit: Visit) -> None:
    """No sentence of Japanese is part of it, and nothing that turns the direction around."""
    chat = visit()
    chat.open()
    text = "\u8a73\u7d30\u306fhttps://a.example/a\u3092 https://b.example/\u202egpj.exe https://c.example/\u00e9t\u00e9."
    chat.say(text)
    chat.shows(text)

    shown = chat.host.locator("p a").evaluate_all("(all) => all.map((a) => a.textContent)")
    assert shown == ["https://a.example/a", "https://b.example/", "https://c.example/\u00e9t\u00e9"]


def test_unread_replies_are_counted_until_they_are_seen(visit: Visit) -> None:
    """On the launcher and in its name; read when the panel opens, and still read after a reload."""
    chat = visit()
    chat.open()
    chat.say("hi")
    chat.notes("at")
    chat.launcher.click()
    chat.replies("one", "two")

    expect(chat.launcher).to_have_accessible_name("Chat with us (2)")
    expect(chat.launcher).to_have_text("2")
    chat.page.reload()
    expect(chat.launcher).to_have_accessible_name("Chat with us (2)")
    chat.open()
    chat.shows("hi", "one", "two")
    chat.launcher.click()
    expect(chat.launcher).to_have_accessible_name("Chat with us")
    chat.page.reload()
    chat.until(lambda: len(chat.texts()) == 3, chat.texts)
    expect(chat.launcher).to_have_accessible_name("Chat with us")
    expect(chat.host.locator("b")).to_be_hidden()


def test_visitor_is_the_same_after_a_reload(visit: Visit) -> None:
    """Name, history and place in it; the key is no part of what it is kept under."""
    chat = visit()
    chat.open()
    chat.say("hi")
    chat.notes("at")
    name = chat.visitor_id()
    chat.page.reload()
    chat.open()

    chat.shows("hi")
    assert chat.visitor_id() == name
    assert chat.shop.widget_key not in chat.page.evaluate("JSON.stringify(localStorage)")


def test_business_speaks_in_its_own_words(visit: Visit, shop: Shop) -> None:
    """Language, greeting and presence come with the stream's first event, and hold at once."""
    strings = {
        "title": "Schreiben ins Haus",
        "write": "Nachricht schreiben",
        "send": "Senden",
        "close": "Chat schließen",
        "failed": "Nicht gesendet.",
    }
    chat = visit()

    def begin(presence: str) -> None:
        said = {"greeting": "Guten Tag!", "presence": presence}
        config = json.dumps({"type": "config", "strings": strings, **said})
        chat.page.route(
            STREAM,
            lambda route: route.fulfill(
                headers={"access-control-allow-origin": shop.site.origin},
                body=f": \n\ndata: {config}\n\n",
            ),
        )

    begin("Wir sind da")
    chat.open()
    expect(chat.panel).to_have_accessible_name("Schreiben ins Haus")
    expect(chat.host.get_by_role("textbox", name="Nachricht schreiben")).to_be_visible()
    expect(chat.host.get_by_role("button", name="Senden")).to_be_visible()
    expect(chat.launcher).to_have_accessible_name("Chat schließen")
    expect(chat.host.locator("header")).to_have_text("Schreiben ins HausWir sind da")
    assert [row["text"] for row in chat.rows()] == ["Guten Tag!"]

    begin("Wieder da ab 8 Uhr")
    expect(chat.host.locator("header")).to_have_text("Schreiben ins HausWieder da ab 8 Uhr")


def test_business_learns_what_the_visitor_does(visit: Visit) -> None:
    """Opened, typing, read and closed, each when it happens; typing not at every key."""
    chat = visit()
    chat.open()
    chat.box.press_sequentially("hello", delay=20)
    chat.box.press("Enter")
    chat.notes("at")
    chat.replies("one")
    chat.shows("hello", "one")
    chat.until(lambda: "read" in chat.events(), chat.events)
    chat.page.keyboard.press("Escape")

    chat.until(lambda: "closed" in chat.events(), chat.events)
    assert chat.events() == ["opened", "typing", "read", "closed"]


def test_state_of_another_kind_is_survived(visit: Visit) -> None:
    """What stands in the storage may be anything: nothing throws, and the launcher is there."""
    chat = visit()
    key = f"clonvo:{chat.shop.hub.url}"
    for text in ("null", "3", "[", '"x"', '{"v": 3}'):
        chat.page.evaluate("([key, text]) => localStorage.setItem(key, text)", [key, text])
        chat.page.reload()
        expect(chat.launcher).to_be_visible()
