"""What the visitor wrote is kept, also where something is wrong with the page or the browser."""

import json
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

from playwright.sync_api import BrowserContext, expect

from tests.plugins.hub_widget.browser.conftest import Visit
from tests.plugins.hub_widget.browser.test_sending import MESSAGES, refuse
from tests.support.browser import Shop


def test_what_is_refused_is_kept(visit: Visit) -> None:
    """It says so, survives a reload, and goes when the hub takes it: a key may be mended."""
    chat = visit()
    chat.open()
    chat.page.route(MESSAGES, refuse(chat, 401))
    chat.say("precious")
    chat.notes("Not sent. Retry")
    chat.page.reload()
    chat.open()
    chat.notes("Not sent. Retry")
    chat.page.unroute(MESSAGES)
    chat.page.reload()
    chat.open()

    chat.notes("at")
    assert chat.stored() == ["precious"]


def test_a_refusal_is_told_to_the_site_in_the_hubs_words(visit: Visit) -> None:
    """On the console, where whoever put the widget there looks."""
    chat = visit()
    warnings: list[str] = []
    chat.page.on("console", lambda m: warnings.append(m.text) if m.type == "warning" else None)
    chat.open()
    chat.page.route(MESSAGES, refuse(chat, 403))
    chat.say("hi")

    chat.notes("Not sent. Retry")
    assert warnings == ["Refused"]


def test_a_retry_without_network_is_kept(visit: Visit, profile: BrowserContext) -> None:
    """Pressed while offline, left, and sent from the next page."""
    chat = visit()
    chat.open()
    chat.page.route(MESSAGES, refuse(chat, 400), times=1)
    chat.say("once more")
    chat.notes("Not sent. Retry")
    profile.set_offline(True)
    chat.host.get_by_role("button", name="Not sent. Retry").click()
    chat.notes("Waiting…")
    chat.page.close()
    profile.set_offline(False)
    later = visit()
    later.open()

    later.notes("at")
    assert later.stored() == ["once more"]


def test_what_waits_in_a_tab_that_is_closed_goes_by_another(
    visit: Visit, profile: BrowserContext
) -> None:
    """It shows it and sends it when the visitor comes to it."""
    first, second = visit(), visit()
    first.page.bring_to_front()
    first.open()
    first.say("one")
    first.notes("at")
    profile.set_offline(True)
    first.say("two")
    first.notes("at", "Waiting…")
    first.page.close()
    profile.set_offline(False)
    second.page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")

    second.open()
    second.shows("one", "two")
    second.notes("at", "at")
    assert second.stored() == ["one", "two"]


def test_storage_that_is_full_stops_nothing(visit: Visit) -> None:
    """The tab goes on from its own memory: a reply is read once, and a message sent once."""
    chat = visit()
    chat.open()
    chat.say("before")
    chat.notes("at")
    chat.page.evaluate(
        """() => { for (let size = 2 ** 22; size; size >>= 1)
             try { for (let i = 0; ; i++) localStorage[`${size}.${i}`] = 'x'.repeat(size) }
             catch {} }"""
    )
    chat.replies("an answer")
    chat.shows("before", "an answer")
    chat.say("after")
    chat.notes("at", "at")
    chat.page.wait_for_timeout(500)

    assert chat.events().count("read") == 1
    assert chat.stored() == ["before", "an answer", "after"]


def test_who_reads_further_up_has_not_seen_what_came(visit: Visit) -> None:
    """It is counted, and read when they come down."""
    chat = visit()
    chat.open()
    chat.say("hi")
    chat.notes("at")
    chat.replies(*(f"line {i}" for i in range(30)))
    chat.until(lambda: len(chat.texts()) == 31, chat.texts)
    log = chat.host.locator("[role=log]")
    log.evaluate("(log) => { log.scrollTop = -300 }")
    chat.replies("news")
    expect(chat.host.locator("b")).to_have_text("1")

    log.evaluate("(log) => { log.scrollTop = 0 }")
    expect(chat.host.locator("b")).to_be_empty()


def test_reset_takes_the_draft_too(visit: Visit) -> None:
    """The next person at this screen finds nothing of it, in no tab."""
    chat, other = visit(), visit()
    for tab in (chat, other):
        tab.open()
        tab.box.fill("my secret")
    chat.page.evaluate("Clonvo.reset()")

    expect(chat.box).to_have_value("")
    expect(other.box).to_have_value("")


def test_commands_of_a_script_in_the_head_are_done(visit: Visit, shop: Shop) -> None:
    """There is no body yet, and one of them is none of ours."""
    early = 'Clonvo = [["open"], ["on", "message"], ["sendProgrammatic", "hello early"]]'
    head = f"<head><script>{early}</script>{shop.tag()}</script></head>"
    chat = visit(f"<!doctype html><html>{head}<body><h1>Shop</h1></body></html>")

    expect(chat.panel).to_be_visible()
    chat.shows("hello early")


def test_a_page_that_has_no_token_to_give_is_told_so(visit: Visit, shop: Shop) -> None:
    """Sent somewhere to sign in, it may hand over a whole document: refused, not waited for."""
    identify = "ClonvoIdentify = () => ({ identityToken: '<!doctype html>\\n日本\\n' })"
    chat = visit(shop.page(body=f"<script>{identify}</script>{shop.tag()}</script>"))
    chat.open()
    answers: list[int] = []
    chat.page.on(
        "response", lambda r: answers.append(r.status) if r.url.endswith("/messages") else None
    )
    chat.say("hi")

    chat.until(lambda: bool(answers), lambda: "nothing was asked")


def tell(shop: Shop, *said: dict[str, object]) -> None:
    """Let the site stand in for the hub: its stream says so, and then nothing more."""
    lines = "".join(f"data: {json.dumps({'type': 'config'} | one)}\n\n" for one in said)

    def stream(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if handler.command == "GET":
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            handler.wfile.write((head + lines).encode())
            handler.wfile.flush()
            time.sleep(3)
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    for name in ("stream", "events"):
        shop.site.pages[f"/api/v1/widget/{name}"] = stream


def reply(seq: int, at: datetime) -> dict[str, object]:
    """Return a reply as the stream tells it."""
    moment = at.astimezone(UTC).isoformat()
    said = {"type": "message", "id": f"msg_{seq}", "from": "operator", "body": f"reply {seq}"}
    return said | {"seq": seq, "at": moment}


def test_what_is_of_another_day_says_its_date(visit: Visit, shop: Shop) -> None:
    """Also when it is of a minute before midnight and read soon after."""
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0)
    tell(shop, {}, reply(1, today - timedelta(minutes=1)), reply(2, datetime.now().astimezone()))
    chat = visit(base=shop.site.origin)
    chat.open()

    chat.until(lambda: len(chat.texts()) == 2, chat.rows)
    yesterday, now = (row["note"] for row in chat.rows()[1:])
    assert "/" in yesterday
    assert "/" not in now


def test_what_was_seen_of_one_talk_is_not_of_another(visit: Visit, shop: Shop) -> None:
    """Who signs in and is shown the talk of that person has its replies to read."""
    now = datetime.now().astimezone()
    tell(shop, {}, reply(9, now))
    chat = visit(base=shop.site.origin)
    chat.open()
    chat.shows("reply 9")
    chat.launcher.click()
    kept = chat.kept()
    assert kept
    assert kept["r"] == 9
    tell(shop, {"moved": True}, reply(1, now))
    chat.page.evaluate(
        """() => { const key = Object.keys(localStorage).find((k) => k.startsWith('clonvo:'))
             localStorage[key] = JSON.stringify({ ...JSON.parse(localStorage[key]), q: [] }) }"""
    )
    chat.page.reload()

    expect(chat.host.locator("b")).to_have_text("1")
