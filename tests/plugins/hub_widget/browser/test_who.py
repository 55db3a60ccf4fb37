"""Who writes: what the page says, what it proves, and what the hub asks for first."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.plugins.hub_widget.browser.conftest import Visit
from tests.support.browser import Shop, Site, open_shop
from tests.support.hubs import Hub

heavy = partial(pytest.param, marks=pytest.mark.heavy)
SAID = {"externalUserId": "u_42", "externalEmail": "jane@acme.example", "externalName": "Jane Doe"}


def identify(body: str) -> str:
    """Return a script that tells who the user is."""
    return f"<script>window.ClonvoIdentify = function () {{ {body} }}</script>"


def token(shop: Shop, secret: str, user: str) -> str:
    """Return a token as the backend of a site makes it."""

    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    claims = {"aud": shop.widget_key_id, "sub": user, "exp": int(time.time()) + 600}
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "body",
    [
        f"return {json.dumps(SAID)}",
        f"return Promise.resolve({json.dumps(SAID)})",
        f"const user = {json.dumps(SAID)}; user.self = user; user.password = 'x'; return user",
    ],
    ids=["at once", "later", "a whole user object"],
)
def test_page_says_who_its_user_is(visit: Visit, shop: Shop, body: str) -> None:
    """What the hub may know goes with the message, and nothing else of the object."""
    chat = visit(shop.page(head=identify(body)))
    chat.open()
    chat.say("hi")
    chat.notes("at")

    visitor = chat.sent("messages")[0]["visitor"]
    assert visitor == {"path": "/", "referer": "", **SAID}
    session = shop.call("GET", f"/sessions?visitorId={chat.visitor_id()}")["data"][0]
    assert (session["externalUserId"], session["verified"]) == ("u_42", False)


def test_numbers_are_told_as_text_and_nothing_as_nothing(visit: Visit, shop: Shop) -> None:
    """A user whose id is 42 and who has no name loses no message."""
    said = "return { externalUserId: 42, externalName: null, externalEmail: undefined }"
    chat = visit(shop.page(head=identify(said)))
    chat.open()
    chat.say("hi")

    chat.notes("at")
    assert chat.sent("messages")[0]["visitor"]["externalUserId"] == "42"


@pytest.mark.parametrize(
    "body", ["throw new Error('no')", heavy("return Promise.reject(1)"), heavy("return 7")]
)
def test_page_that_cannot_say_it_loses_no_message(visit: Visit, shop: Shop, body: str) -> None:
    """Then the message goes without."""
    chat = visit(shop.page(head=identify(body)))
    chat.open()
    chat.say("hi")

    chat.notes("at")
    assert "externalUserId" not in chat.sent("messages")[0]["visitor"]


def test_page_that_never_says_it_is_not_waited_for(visit: Visit, shop: Shop) -> None:
    """After three seconds the message goes without."""
    chat = visit(shop.page(head=identify("return new Promise(() => {})")))
    chat.stop_clock()
    chat.open()
    chat.say("hi")
    chat.pass_time(2.9)
    assert chat.sent("messages") == []
    chat.pass_time(0.2)

    chat.until(lambda: len(chat.sent("messages")) == 1, chat.rows)


def test_who_signs_in_later_is_known_from_then_on(visit: Visit) -> None:
    """The page is asked at each send: a single page app may sign its user in at any time."""
    chat = visit()
    chat.open()
    chat.say("before")
    chat.notes("at")
    chat.page.evaluate("window.ClonvoIdentify = () => ({ externalUserId: 'u_7' })")
    chat.say("after")
    chat.notes("at", "at")

    before, after = (body["visitor"].get("externalUserId") for body in chat.sent("messages"))
    assert (before, after) == (None, "u_7")


@pytest.fixture(scope="module")
def strict_shop(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Shop]:
    """A hub whose new visitors have to prove something, and whose key asks for tokens."""
    plugins = "server_ingest,widget,pow"
    hub = Hub(tmp_path_factory.mktemp("strict"), {"HUB_PLUGINS": plugins})
    try:
        yield open_shop(hub, site)
    finally:
        hub.close()


@pytest.fixture
def strict_visit(strict_shop: Shop, visit: Visit) -> Visit:
    """The visitor comes to a page of the strict hub."""

    def come(html: str, **more: object):
        chat = visit(html, **more)
        chat.shop = strict_shop
        return chat

    return come


def test_new_visitor_solves_what_is_asked(strict_visit: Visit, strict_shop: Shop) -> None:
    """The solver is loaded for the first message alone, and the message is stored once."""
    chat = strict_visit(strict_shop.page())
    scripts: list[str] = []
    chat.page.on("request", lambda request: scripts.append(request.url))
    chat.open()
    assert [url for url in scripts if url.endswith(".js")] == []
    chat.say("first")
    chat.notes("at")
    chat.say("second")
    chat.notes("at", "at")

    assert [url for url in scripts if url.endswith(".js")] == [f"{strict_shop.hub.url}/pow.js"]
    assert len(chat.sent("messages")) == 3
    assert chat.stored() == ["first", "second"]


@pytest.mark.heavy
def test_proved_user_has_the_talk_on_every_device(strict_visit: Visit, strict_shop: Shop) -> None:
    """A token that the site's backend signed opens the person's history in another browser."""
    made = strict_shop.hub.command(
        "key", "identity", strict_shop.widget_key_id, "--mode=required", "--rotate", "--json"
    )
    secret = json.loads(made)["secret"]
    page = strict_shop.page(
        head=identify(f"return {{ identityToken: '{token(strict_shop, secret, 'u_1')}' }}")
    )
    desk = strict_visit(page)
    desk.open()
    desk.say("from the desk")
    desk.notes("at")
    desk.page.evaluate("localStorage.clear()")
    phone = strict_visit(page)
    phone.open()
    phone.shows("from the desk")

    nobody = strict_visit(strict_shop.page())
    nobody.page.evaluate("localStorage.clear()")
    nobody.page.reload()
    nobody.open()
    nobody.say("let me in")
    expect(nobody.host.get_by_role("button", name="Not sent. Retry")).to_be_visible()
    assert [row["text"] for row in nobody.rows()] == ["let me in"]


def test_who_signs_in_on_the_page_sees_one_talk(strict_visit: Visit, strict_shop: Shop) -> None:
    """Without a reload: what was said before the proof is another talk, and is shown no more."""
    made = strict_shop.hub.command(
        "key", "identity", strict_shop.widget_key_id, "--mode=optional", "--rotate", "--json"
    )
    proof = token(strict_shop, json.loads(made)["secret"], "u_9")
    user = f"window.ClonvoIdentify = () => ({{ identityToken: '{proof}' }})"
    desk = strict_visit(strict_shop.page(head=f"<script>{user}</script>"))
    desk.open()
    desk.say("from the desk", "and more")
    desk.notes("at", "at")
    desk.page.evaluate("localStorage.clear()")
    chat = strict_visit(strict_shop.page())
    chat.open()
    chat.say("nobody knows me", "yet", "at all")
    chat.notes("at", "at", "at")

    chat.page.evaluate(user)
    chat.page.evaluate("dispatchEvent(new Event('online'))")

    chat.shows("from the desk", "and more")
