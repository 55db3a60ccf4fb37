"""What is written arrives: once, in order, whatever the network does."""

import time
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.plugins.hub_widget.browser.chat import Chat
from tests.plugins.hub_widget.browser.conftest import Visit

heavy = partial(pytest.param, marks=pytest.mark.heavy)
MESSAGES = "**/api/v1/widget/messages"


def refuse(chat: Chat, status: int, **headers: str) -> Any:
    """Return what answers for the hub with a status."""

    def answer(route: Route) -> None:
        if route.request.method == "OPTIONS":
            route.fallback()
            return
        allowed = {
            "access-control-allow-origin": chat.shop.site.origin,
            "access-control-expose-headers": "Retry-After",
        }
        sent = allowed | {name.replace("_", "-"): text for name, text in headers.items()}
        route.fulfill(status=status, headers=sent, json={"error": "Refused"})

    return answer


def test_limit_is_kept_to(visit: Visit) -> None:
    """After a 429 it waits for as long as it was told, says so, and sends with the same id."""
    chat = visit()
    chat.open()
    chat.page.route(MESSAGES, refuse(chat, 429, retry_after="2"), times=1)
    chat.say("hi")
    chat.notes("Waiting…")
    began = time.monotonic()
    chat.page.evaluate("dispatchEvent(new Event('online'))")
    chat.notes("at")

    assert time.monotonic() - began > 1.4
    first, second = chat.sent("messages")
    assert first["providerMessageId"] == second["providerMessageId"]
    assert chat.stored() == ["hi"]


def test_answer_that_is_lost_is_no_second_message(visit: Visit) -> None:
    """The hub has stored it, the answer never comes: the same id again, shown and stored once."""
    chat = visit()
    chat.open()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    chat.page.route(MESSAGES, lose, times=1)
    chat.say("hi")
    chat.until(lambda: len(chat.sent("messages")) == 2, chat.rows)
    chat.notes("at")

    first, second = chat.sent("messages")
    assert first["providerMessageId"] == second["providerMessageId"]
    chat.shows("hi")
    assert chat.stored() == ["hi"]


@pytest.mark.parametrize("status", [400, heavy(401), heavy(413)])
def test_refusal_is_told_and_can_be_tried_again(visit: Visit, status: int) -> None:
    """It is not sent again by itself, the next one passes it, and its button sends it."""
    chat = visit()
    chat.open()
    chat.page.route(MESSAGES, refuse(chat, status), times=1)
    chat.say("first", "second")
    chat.notes("at", "Not sent. Retry")
    chat.page.wait_for_timeout(300)
    assert len(chat.sent("messages")) == 2

    chat.host.get_by_role("button", name="Not sent. Retry").click()
    chat.notes("at", "at")
    first, _, again = chat.sent("messages")
    assert first["providerMessageId"] == again["providerMessageId"]
    assert chat.stored() == ["second", "first"]
    chat.shows("second", "first")


def test_hub_that_is_never_content_is_not_asked_for_ever(visit: Visit) -> None:
    """After some proofs the visitor is told, and can try again; what was written is kept."""
    chat = visit()
    chat.open()
    origin = chat.shop.site.origin
    proof = "export default () => 'a proof'"
    chat.page.route(
        "**/proof.js",
        lambda route: route.fulfill(
            body=proof,
            headers={"access-control-allow-origin": origin, "content-type": "text/javascript"},
        ),
    )
    challenge = {"error": "Prove it", "challenge": {"script": "/proof.js", "data": "x"}}
    chat.page.route(
        MESSAGES,
        lambda route: route.fulfill(
            status=403, headers={"access-control-allow-origin": origin}, json=challenge
        ),
    )
    chat.say("hi")

    chat.notes("Not sent. Retry")
    asked = len(chat.sent("messages"))
    chat.page.wait_for_timeout(300)
    assert len(chat.sent("messages")) == asked <= 10
    chat.page.unroute_all()
    chat.host.get_by_role("button", name="Not sent. Retry").click()
    chat.notes("at")
    assert chat.stored() == ["hi"]


@pytest.mark.heavy
def test_server_error_is_waited_out(visit: Visit) -> None:
    """A 500 is tried again by itself."""
    chat = visit()
    chat.open()
    chat.page.route(MESSAGES, refuse(chat, 503), times=1)
    chat.say("hi")

    chat.notes("at")
    assert len(chat.sent("messages")) == 2


def test_what_is_written_offline_goes_out_in_order(visit: Visit, profile: BrowserContext) -> None:
    """It waits, and goes as soon as the network is back; a reply in between has its place."""
    chat = visit()
    chat.open()
    chat.say("zero")
    chat.notes("at")
    profile.set_offline(True)
    chat.say("one", "two", "three")
    chat.notes("at", "Waiting…", "Waiting…", "Waiting…")
    chat.replies("meanwhile")
    profile.set_offline(False)

    chat.notes("at", "at", "at", "at")
    chat.shows("zero", "meanwhile", "one", "two", "three")
    assert chat.stored() == ["zero", "meanwhile", "one", "two", "three"]


def test_network_that_is_back_ends_the_wait(visit: Visit) -> None:
    """After many tries the next one is far away; `online` makes it now."""
    chat = visit()
    chat.stop_clock()
    chat.open()
    chat.page.route(MESSAGES, lambda route: route.abort())
    chat.say("hi")
    chat.notes("Waiting…")
    chat.pass_time(120)
    chat.notes("Waiting…")
    chat.page.unroute(MESSAGES)
    chat.page.evaluate("dispatchEvent(new Event('online'))")

    chat.notes("at")
    assert 4 < len(chat.sent("messages")) < 40


def test_what_waits_survives_a_reload(visit: Visit) -> None:
    """Written on one page while the hub was away, sent from the next, with its own path."""
    chat = visit(path="/first")
    chat.open()
    chat.page.route(MESSAGES, lambda route: route.abort())
    chat.say("one", "two")
    chat.notes("Waiting…", "Waiting…")
    chat.page.unroute(MESSAGES)
    visit(path="/second", page=chat.page)
    chat.open()

    chat.shows("one", "two")
    chat.notes("at", "at")
    assert chat.stored() == ["one", "two"]
    assert {body["visitor"]["path"] for body in chat.sent("messages")} == {"/first"}
    assert (chat.kept() or {})["q"] == []


@pytest.mark.heavy
def test_another_tab_cannot_lose_what_waits(visit: Visit, profile: BrowserContext) -> None:
    """Two tabs write offline, and both close: the next page sends what each of them had."""
    one, two = visit(), visit()
    one.open()
    one.say("zero")
    one.notes("at")
    profile.set_offline(True)
    two.open()
    one.say("from one")
    two.say("from two")
    one.say("and one more")
    one.page.close()
    two.page.close()
    profile.set_offline(False)
    three = visit()
    three.open()

    three.notes("at", "at", "at", "at")
    assert three.stored() == ["zero", "from one", "from two", "and one more"]


@pytest.mark.heavy
def test_message_leaves_although_the_page_does(visit: Visit) -> None:
    """Enter, and away to another site: it was sent."""
    chat = visit()
    chat.open()
    chat.say("zero")
    chat.notes("at")
    name = chat.visitor_id()
    chat.say("goodbye")
    chat.page.goto("about:blank")

    def stored() -> list[str]:
        return [message["body"] for message in chat.shop.messages(name)]

    chat.until(lambda: stored() == ["zero", "goodbye"], stored)


def test_long_text_is_sent(visit: Visit) -> None:
    """16,000 characters of three bytes each, more than a kept-alive call may carry."""
    chat = visit()
    chat.open()
    text = "紙" * 15_999 + "!"
    chat.page.evaluate("(text) => Clonvo.sendProgrammatic(text)", text)
    chat.notes("at")
    chat.page.evaluate("(text) => Clonvo.sendProgrammatic(text)", text * 5)

    chat.notes("at", "Not sent. Retry")
    assert [len(body) for body in chat.stored()] == [16_000]


def test_call_that_hangs_is_given_up(visit: Visit) -> None:
    """A post without an answer holds up the queue for 30 seconds, not for ever."""
    chat = visit()
    chat.stop_clock()
    chat.open()
    chat.hold(MESSAGES, most=1)
    # `AbortSignal.timeout` goes by the browser's own clock.
    chat.page.evaluate(
        """() => { AbortSignal.timeout = (ms) => {
             const held = new AbortController();
             setTimeout(() => held.abort(), ms);
             return held.signal;
        } }"""
    )
    chat.say("one", "two")
    chat.notes("Sending…", "Waiting…")
    chat.pass_time(29)
    chat.notes("Sending…", "Waiting…")
    chat.pass_time(3)

    chat.notes("at", "at")
    assert chat.stored() == ["one", "two"]


def test_button_sends_as_enter_does(visit: Visit) -> None:
    """The programmatic way too, with the panel closed: nothing empty goes out."""
    chat = visit()
    chat.page.evaluate("Clonvo.sendProgrammatic('  ')")
    chat.page.evaluate("Clonvo.sendProgrammatic('from the page')")
    chat.open()
    chat.box.fill("from the box")
    chat.send.click()

    chat.shows("from the page", "from the box")
    expect(chat.box).to_be_focused()
    chat.notes("at", "at")
    assert chat.stored() == ["from the page", "from the box"]
