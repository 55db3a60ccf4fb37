"""The stream is held where it is worth it, resumed without a gap, and never hammers."""

import time
from http.server import BaseHTTPRequestHandler

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.plugins.hub_widget.browser.chat import STREAM, Chat
from tests.plugins.hub_widget.browser.conftest import Visit
from tests.support.browser import FLAGS, Answer, Shop, program

# How long the page works on what the stream brings: from the parsing of it to the next task.
WATCH = """
    window.busy = 0;
    const parse = JSON.parse;
    JSON.parse = (text, ...more) => {
      if (!window.began && String(text).includes('"seq"')) {
        window.began = performance.now();
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          window.busy += performance.now() - window.began;
          window.began = 0;
        };
        port2.postMessage(0);
      }
      return parse(text, ...more);
    };
"""


def hide(chat: Chat, hidden: bool) -> None:  # noqa: FBT001 - as the page's own property
    """Send a tab to the back, or bring it to the front: a headless browser shows them all."""
    chat.page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
          document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
        }""",
        hidden,
    )


def test_stream_begins_with_the_first_opening(visit: Visit) -> None:
    """Closed again without a word there is none to hold; with a talk there is."""
    chat = visit()
    chat.open()
    chat.until(lambda: len(chat.streams()) == 1, chat.streams)
    chat.page.keyboard.press("Escape")
    chat.page.reload()
    chat.page.wait_for_timeout(300)
    assert len(chat.streams()) == 1

    chat.page.evaluate("Clonvo.sendProgrammatic('hi')")
    chat.until(lambda: len(chat.streams()) == 2, chat.streams)
    chat.page.reload()
    chat.until(lambda: len(chat.streams()) == 3, chat.streams)


def test_talk_goes_on_where_it_was(visit: Visit) -> None:
    """Left and entered again: the stream asks for what came after the last message."""
    chat = visit()
    chat.open()
    chat.say("hi")
    chat.notes("at")
    chat.replies("one")
    chat.shows("hi", "one")
    chat.page.evaluate("dispatchEvent(new Event('pagehide'))")
    chat.replies("two", "three")
    chat.page.wait_for_timeout(200)
    assert chat.texts() == ["hi", "one"]
    chat.page.evaluate("dispatchEvent(new Event('visibilitychange'))")

    chat.shows("hi", "one", "two", "three")
    assert chat.streams()[0].header_value("last-event-id") == ""
    assert chat.streams()[-1].header_value("last-event-id").startswith("msg_")


def test_restart_of_the_hub_loses_nothing(visit: Visit, shop: Shop) -> None:
    """Killed in mid talk and started again: both sides have the same list."""
    chat = visit()
    chat.open()
    chat.say("one")
    chat.notes("at")
    shop.hub.process.kill()
    chat.say("two", "three")
    chat.notes("at", "Waiting…", "Waiting…")
    shop.hub.start()
    chat.page.evaluate("dispatchEvent(new Event('online'))")
    chat.notes("at", "at", "at")
    chat.replies("four")

    chat.shows("one", "two", "three", "four")
    assert chat.stored() == ["one", "two", "three", "four"]


def test_dead_key_is_not_hammered(visit: Visit) -> None:
    """A 401 says to come back in ten minutes, and so it does."""
    chat = visit()
    chat.stop_clock()

    def refuse(route: Route) -> None:
        origin = {"access-control-allow-origin": chat.shop.site.origin}
        shown = {"access-control-expose-headers": "Retry-After", "retry-after": "600"}
        route.fulfill(status=401, headers=origin | shown, json={"error": "Invalid or revoked"})

    chat.page.route(STREAM, refuse)
    chat.open()
    chat.until(lambda: len(chat.streams()) == 1, chat.streams)
    chat.pass_time(595)
    assert len(chat.streams()) == 1
    chat.pass_time(10)
    chat.until(lambda: len(chat.streams()) == 2, chat.streams)


@pytest.mark.heavy
def test_silent_stream_is_dropped(visit: Visit) -> None:
    """45 seconds without a sign of life: the connection is dead, and made anew."""
    chat = visit()
    chat.stop_clock()
    asked = chat.hold(STREAM)
    chat.open()
    chat.until(lambda: len(asked) == 1, lambda: asked)
    chat.pass_time(44)
    assert len(asked) == 1
    chat.pass_time(4)

    chat.until(lambda: len(asked) == 2, lambda: asked)


def test_signs_may_come_in_pieces(visit: Visit, shop: Shop) -> None:
    """A stream cut in the middle of a letter and of a line is put together again."""
    said = (
        'data: {"type":"config","greeting":"Grüße 🙂"}\r\n\r\n: beat\n\nid: 1\ndata: '
        '{"type":"message","seq":1,"id":"msg_1","from":"operator","name":"Ada",'
        '"body":"naïve 漢字 🙂","at":"2026-01-02T03:04:05Z"}\n\ndata: {"type":"unheard of"}\n\n'
    ).encode()

    def stream(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if handler.command == "GET":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for number in range(len(said)):
                handler.wfile.write(said[number : number + 1])
                handler.wfile.flush()
                time.sleep(0.001)
            time.sleep(3)
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    for name in ("stream", "events"):
        shop.site.pages[f"/api/v1/widget/{name}"] = stream
    chat = visit(base=shop.site.origin)
    chat.open()

    chat.until(lambda: len(chat.rows()) == 2, chat.rows)
    greeting, message = chat.rows()
    assert (greeting["text"], message["text"]) == ("Grüße 🙂", "naïve 漢字 🙂")
    assert message["note"].startswith("Ada ")
    assert "1/2/26" in message["note"]


def test_one_tab_of_many_holds_the_stream(visit: Visit) -> None:
    """Nine tabs, one shown: one stream. A hidden one catches up when it comes to the front."""
    chats = [visit() for _ in range(9)]
    first, last = chats[0], chats[-1]
    for chat in chats[1:]:
        hide(chat, hidden=True)
    first.open()
    first.say("hi")
    first.notes("at")
    last.page.wait_for_timeout(300)
    assert [len(chat.streams()) for chat in chats] == [1] + [0] * 8

    hide(first, hidden=True)
    first.replies("to the tab used last")
    first.shows("hi", "to the tab used last")
    hide(last, hidden=False)
    last.until(lambda: len(last.streams()) == 1, last.streams)
    first.replies("to the tab in front")
    last.until(lambda: last.texts()[-1:] == ["to the tab in front"], last.texts)
    assert last.texts() == ["hi", "to the tab used last", "to the tab in front"]
    first.page.wait_for_timeout(200)
    assert "to the tab in front" not in first.texts()
    hide(first, hidden=False)
    first.shows("hi", "to the tab used last", "to the tab in front")


@pytest.mark.heavy
def test_what_one_tab_reads_the_others_have_read(visit: Visit) -> None:
    """The count goes from every launcher."""
    one, two = visit(), visit()
    one.open()
    one.say("hi")
    one.notes("at")
    one.launcher.click()
    one.replies("answer")
    expect(one.launcher).to_have_accessible_name("Chat with us (1)")
    two.page.reload()
    expect(two.launcher).to_have_accessible_name("Chat with us (1)")
    one.open()

    expect(two.launcher).to_have_accessible_name("Chat with us")


def test_reset_begins_anew_in_every_tab(visit: Visit) -> None:
    """After a logout there is another visitor and an empty talk, also where it was being read."""
    one, two = visit(), visit()
    for chat in (one, two):
        chat.open()
    one.say("secret")
    one.notes("at")
    two.shows("secret")
    before = one.visitor_id()
    one.page.evaluate("Clonvo.reset()")
    one.shows()
    two.shows()
    two.say("somebody else")
    two.notes("at")

    assert two.visitor_id() == one.visitor_id() != before
    one.shows("somebody else")
    assert two.stored() == ["somebody else"]
    assert [m["body"] for m in two.shop.messages(before)] == ["secret"]


@pytest.mark.heavy
def test_page_comes_back_from_the_browsers_memory(browser: Browser, shop: Shop) -> None:
    """A live talk does not keep a page out of the back-forward cache, and goes on there."""
    playwright = browser.browser_type
    own = playwright.launch(
        executable_path=program(),
        args=FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    try:
        page = own.new_context().new_page()
        for path in ("/", "/next"):
            shop.site.pages[path] = Answer(shop.page())
        chat = Chat(shop, page)
        chat.come()
        chat.open()
        chat.say("hi")
        chat.notes("at")
        page.evaluate("addEventListener('pageshow', (e) => window.restored = e.persisted)")
        chat.come("/next")
        chat.replies("meanwhile")
        page.evaluate("history.back()")
        page.wait_for_timeout(500)

        assert page.evaluate("window.restored") is True
        chat.shows("hi", "meanwhile")
    finally:
        own.close()


@pytest.mark.heavy
def test_long_talk_is_shown_quickly(visit: Visit, shop: Shop) -> None:
    """Two hundred messages that come at once are on the screen in less than 50 ms of work."""
    chat = visit()
    chat.page.add_init_script(WATCH)
    chat.page.reload()
    chat.open()
    chat.say("0")
    chat.notes("at")
    chat.page.evaluate("dispatchEvent(new Event('pagehide'))")
    chat.replies(*(str(number) for number in range(1, 201)))
    chat.page.evaluate("busy = 0")
    chat.page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    chat.until(lambda: chat.texts()[-1:] == ["200"], chat.texts)

    assert chat.texts() == [str(number) for number in range(201)]
    assert 0 < chat.page.evaluate("busy") < 50
