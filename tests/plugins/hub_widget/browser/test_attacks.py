"""Whatever somebody writes is text: in messages, names, titles, colours, and all that is shown."""

import json
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Request

from tests.plugins.hub_widget.browser.chat import STREAM, Chat
from tests.plugins.hub_widget.browser.conftest import Visit
from tests.plugins.hub_widget.browser.payloads import PAYLOADS
from tests.support.browser import Shop

# All that may be inside of a message, and where its links may lead.
FOREIGN = """(host) => [...host.shadowRoot.querySelectorAll('[role=log] *, header *, aside > *')]
  .filter((e) => !/^(DIV|P|SMALL|BUTTON|B|H2|SPAN|SECTION)$/.test(e.nodeName)
    && !(e.nodeName == 'A' && /^https?:$/.test(e.protocol) && e.target == '_blank')
    || [...e.attributes].some((a) => /^on|style|srcdoc/.test(a.name)))
  .map((e) => e.outerHTML)"""
LOADED_WITH = """async ([src, key, texts]) => {
  const read = [];
  for (const text of texts) {
    delete window.Clonvo;
    const script = Object.assign(document.createElement('script'), { src });
    Object.assign(script.dataset, { key, title: text, color: text, position: text });
    await new Promise((go) => { script.onload = go; document.head.append(script) });
    const host = [...document.querySelectorAll('clonvo-chat')].at(-1);
    const launcher = host.shadowRoot.querySelector('aside > button');
    read.push([host.shadowRoot.querySelector('h2').textContent, launcher.ariaLabel,
      getComputedStyle(launcher).backgroundImage, host.shadowRoot.querySelectorAll('*').length]);
    host.remove();
  }
  return read;
}"""


class Watched:
    """What must not happen in a tab: a dialog, another document, a call of somebody else."""

    def __init__(self, page: Page, shop: Shop) -> None:
        """Watch from now on."""
        self.seen: list[str] = []
        self._own = (shop.hub.url, shop.site.origin)
        page.on("dialog", self._dialog)
        page.on("framenavigated", lambda frame: self.seen.append(frame.url))
        page.on("request", self._request)

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._own):
            self.seen.append(request.url)


def is_harmless(chat: Chat, watched: Watched) -> bool:
    """Tell that nothing has run, and that there is nothing but text and links."""
    assert chat.page.evaluate("window.hit") is None
    assert watched.seen == []
    assert chat.host.evaluate(FOREIGN) == []
    return True


def test_there_are_enough() -> None:
    """All of them different."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 150


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.heavy)])
def test_replies_are_text(visit: Visit, shop: Shop, step: int) -> None:
    """Each is shown as it was written, live."""
    chat = visit()
    chat.open()
    chat.say("hello")
    chat.notes("at")
    watched = Watched(chat.page, shop)
    stored = [text for text in PAYLOADS[::step] if "\x01" not in text]
    shop.reply(chat.visitor_id(), *stored)

    chat.until(lambda: len(chat.texts()) == 1 + len(stored), lambda: len(chat.texts()))
    assert [text.strip() for text in chat.texts()[1:]] == [text.strip() for text in stored]
    assert is_harmless(chat, watched)


@pytest.mark.parametrize("by", ["hand", pytest.param("page", marks=pytest.mark.heavy)])
def test_what_a_visitor_writes_is_text(visit: Visit, shop: Shop, by: str) -> None:
    """By hand and by the page, before the hub has it and after."""
    chat = visit()
    chat.open()
    watched = Watched(chat.page, shop)
    chat.page.route("**/api/v1/widget/messages", lambda route: route.abort())
    texts = list(PAYLOADS[::7] if by == "hand" else PAYLOADS)
    if by == "hand":
        chat.say(*(text.replace("\n", " ").replace("\r", " ") for text in texts))
    else:
        chat.page.evaluate("(all) => all.forEach((one) => Clonvo.sendProgrammatic(one))", texts)

    chat.until(lambda: len(chat.texts()) == len(texts), chat.texts)
    assert is_harmless(chat, watched)


def begun_with(shop: Shop, *events: dict[str, Any]) -> dict[str, Any]:
    """Return a stream that says this."""
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return {
        "headers": {"access-control-allow-origin": shop.site.origin},
        "body": f":\n\n{lines}",
    }


def test_all_that_a_stream_says_is_text(visit: Visit, shop: Shop) -> None:
    """Names, ids, times, strings, greeting and presence: also of a hub that is not ours."""
    chat = visit()
    watched = Watched(chat.page, shop)
    words = ("title", "write", "send", "close", "sending", "sent")
    said: list[dict[str, Any]] = []
    for number, text in enumerate(PAYLOADS):
        strings = dict.fromkeys(words, text)
        told = {"lang": text, "dir": text, "greeting": text, "presence": text}
        said.append({"type": "config", "strings": strings, **told})
        line = {"seq": number + 1, "id": f"m-{number}", "from": "operator", "body": text}
        said.append({"type": "message", **line, "name": text, "at": "2026-01-01T00:00:00Z"})
        said.append({"type": text, "seq": text})
    # Who came back would be told that this was another talk.
    chat.page.route(STREAM, lambda route: route.abort())
    chat.page.route(STREAM, lambda route: route.fulfill(**begun_with(shop, *said)), times=1)
    chat.open()

    chat.until(lambda: len(chat.texts()) == len(PAYLOADS), lambda: len(chat.texts()))
    assert [row["text"] for row in chat.rows()][1:] == list(PAYLOADS)
    assert chat.host.locator("h2").text_content() == PAYLOADS[-1]
    assert is_harmless(chat, watched)


def test_all_that_the_tag_says_is_text(visit: Visit, shop: Shop) -> None:
    """Title, colour and position."""
    chat = visit("<!doctype html><title>Shop</title><body>")
    watched = Watched(chat.page, shop)
    src = f"{shop.hub.url}/widget.js"
    read = chat.page.evaluate(LOADED_WITH, [src, shop.widget_key, list(PAYLOADS)])

    assert [row[0] for row in read] == list(PAYLOADS)
    assert {row[2] for row in read} == {"none"}
    assert len({row[3] for row in read}) == 1
    assert chat.page.evaluate("window.hit") is None
    assert watched.seen == []


def test_all_that_the_page_says_of_its_user_is_text(visit: Visit, shop: Shop) -> None:
    """It is sent as it was said, and shown nowhere on the page."""
    names = json.dumps(list(PAYLOADS[::10])).replace("<", "\\u003c")
    user = f"const all = {names}; window.ClonvoIdentify = () => ({{ externalName: all.shift() }})"
    chat = visit(shop.page(head=f"<script>{user}</script>"))
    watched = Watched(chat.page, shop)
    chat.open()
    chat.say("one", "two", "three")
    chat.notes("at", "at", "at")

    assert is_harmless(chat, watched)
    assert chat.texts() == ["one", "two", "three"]
