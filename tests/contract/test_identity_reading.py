"""What a proved identity opens, and that nothing else opens it."""

import random
import time
from typing import Any

import pytest

from hub.api import audience
from hub.store.read.streams import Watcher
from tests.support.app import Api
from tests.support.identified import Visited
from tests.support.tokens import BAD

SECONDS = 5
PEOPLE = {"u_1": "+15550000001", "u_2": "+15550000002", "u_3": None}
BROWSERS = ("v_1", "v_2", "v_3")


@pytest.fixture
async def visited(api: Api) -> Visited:
    """A site whose widget key takes tokens, and needs none."""
    return await Visited.on(api)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and ends are looked at ten times a second."""
    monkeypatch.setattr(audience, "KEY_SECONDS", 0.1)


async def test_a_token_opens_the_persons_talk_on_another_device(visited: Visited) -> None:
    """Written at the desk, answered, and read on the phone; and what comes after."""
    token = visited.site.token()
    first = await visited.write("from the desk", "v_desk", token)
    await visited.answer(first, "an answer")

    async with visited.follow("v_phone", token) as phone:
        await phone.count(2)
        await visited.write("again from the desk", "v_desk", token)
        await visited.answer(first, "and again")
        await phone.count(4)

    expected = ["from the desk", "an answer", "again from the desk", "and again"]
    assert phone.bodies == expected
    assert phone.seqs == [1, 2, 3, 4]


async def test_who_begins_or_ends_to_prove_it_misses_nothing(visited: Visited) -> None:
    """Numbers of one talk say nothing in the other: it is told anew, whole."""
    token = visited.site.token()
    await visited.write("from the desk", "v_desk", token)
    for number in range(5):
        await visited.write(f"anonymous {number}")
    async with visited.follow() as anonymous:
        await anonymous.count(5)
    async with visited.follow(token=token, last_id=anonymous.ids[-1]) as proved:
        await proved.count(1)
    async with visited.follow(last_id=proved.ids[-1]) as again:
        await again.count(5)

    assert proved.bodies == ["from the desk"]
    assert again.bodies == anonymous.bodies
    assert [stream.all[0].get("moved") for stream in (anonymous, proved, again)] == [
        None,
        True,
        True,
    ]


async def test_who_wrote_before_sees_it_all_once_proved(visited: Visited) -> None:
    """The stream that is open goes on, without a double, when the business learns who it is."""
    token = visited.site.token()
    await visited.write("not signed in yet")

    async with visited.follow(token=token) as events:
        await events.count(1)
        await visited.write("signed in", token=token)
        await events.count(2)
        assert await visited.seen("v_phone", token) == ["not signed in yet", "signed in"]

    assert events.bodies[:2] == ["not signed in yet", "signed in"]
    assert len(set(events.seqs)) == len(events.seqs)


@pytest.mark.parametrize(
    "claim", [{}, {"externalUserId": "u_42", "externalEmail": "j@example.com"}]
)
async def test_without_a_token_nothing_of_it_is_shown(visited: Visited, claim: Any) -> None:
    """Neither on another device nor, by the browser's own secret, on the same one."""
    token = visited.site.token(email="j@example.com")
    first = await visited.write("signed in", "v_desk", token)
    await visited.answer(first, "for the person alone")

    assert await visited.seen("v_desk") == []
    await visited.write("signed out", "v_desk", **claim)
    assert "signed in" not in await visited.seen("v_desk")
    await visited.write("hi", "v_other", **claim)
    assert await visited.seen("v_other") == ["hi"]


async def test_an_anonymous_talk_stays_the_browsers_own(visited: Visited) -> None:
    """Signing in and out again: what was written without a token is shown as before."""
    first = await visited.write("before")
    await visited.answer(first, "hello stranger")
    proved = await visited.write("signed in", token=visited.site.token())
    await visited.answer(proved, "hello Jane")

    assert await visited.seen() == ["before", "hello stranger"]


async def test_a_bad_token_reads_nothing(visited: Visited) -> None:
    """Of a talk that is there: not one event of it."""
    good = visited.site.token()
    first = await visited.write("a secret", "v_desk", good)
    await visited.answer(first, "another")

    shown = []
    for kind in (
        "alg none",
        "another key's secret",
        "expired",
        "other claims",
        "aud of another key",
    ):
        async with visited.follow("v_phone", BAD[kind](visited.site)) as events:
            shown.append((events.status, events.bodies))

    assert shown == [(403, [])] * 5


async def test_another_person_reads_nothing_of_it(visited: Visited) -> None:
    """A good token of somebody else, also in the browser in which it was written."""
    await visited.write("Jane's", "v_desk", visited.site.token())
    other = visited.site.token(sub="u_1")
    await visited.write("John's", "v_desk", other)

    assert await visited.seen("v_desk", other) == ["John's"]


async def test_an_address_alone_opens_nothing(visited: Visited) -> None:
    """It finds the customer of a message; reading is by the id of the token."""
    await visited.api.send(visitor={"externalEmail": "jane@example.com"})
    await visited.write("by id", "v_desk", visited.site.token(email="jane@example.com"))

    stranger = visited.site.token(sub="u_9", email="jane@example.com")
    async with visited.follow("v_phone", stranger) as events:
        place = await visited.api.hub.streams.place(_watcher(visited, "v_phone", "u_9"))
    assert (events.bodies, place.conversation_id) == ([], None)


@pytest.mark.parametrize("sub", ["v_1", "15551234567", "jane@example.com"])
async def test_an_id_is_no_number_address_or_browser(visited: Visited, sub: str) -> None:
    """A person whose id looks like what somebody else is known by reads nothing of theirs."""
    await visited.write("theirs", "v_1")
    await visited.api.send(visitor={"visitorId": "v_1", "externalEmail": "jane@example.com"})

    assert await visited.seen("v_2", visited.site.token(sub=sub)) == []


async def test_reading_what_was_read(visited: Visited) -> None:
    """The person's mark counts from any device; the browser's own word about it does not."""
    token = visited.site.token()
    await visited.write("not signed in yet", "v_desk")
    first = await visited.write("signed in", "v_desk", token)
    reply = await visited.answer(first, "for the person alone")
    mark = {"events": [{"type": "read", "seq": 3}]}

    async def tell(visitor: str, **headers: str) -> str:
        headers = {"X-Visitor": f"{visitor}.{'s' * 22}", **headers}
        sent = await visited.api.widget.post("/widget/events", json=mark, headers=headers)
        assert sent.status_code == 200
        found = await visited.api.server.get(f"/messages/{reply['id']}")
        return str(found.json()["status"])

    before = await tell("v_desk")
    assert (before != "read", await tell("v_phone", **{"X-Identity": token})) == (True, "read")


@pytest.mark.usefixtures("_quick")
async def test_a_stream_ends_with_its_token(visited: Visited) -> None:
    """When the token's time is over, and the leeway with it."""
    token = visited.site.token(exp=int(time.time()) - 59)
    async with visited.follow(token=token) as events:
        assert events.status == 200
        await events.until(lambda one: one.ended, SECONDS)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("change", ["rotate", "off"])
async def test_a_stream_ends_when_its_token_counts_no_more(visited: Visited, change: str) -> None:
    """A secret that leaked: who reads by it is cut off; who came without a token stays."""
    async with visited.follow("v_1", visited.site.token()) as proved, visited.follow("v_2") as own:
        if change == "rotate":
            await visited.rotate()
        else:
            await visited.ask("off")
        await proved.until(lambda one: one.ended, SECONDS)
        assert not own.ended


@pytest.mark.usefixtures("_quick")
async def test_an_overlap_ends_no_stream(visited: Visited) -> None:
    """Only what is refused from now on ends: required ends the streams without a token."""
    async with visited.follow("v_1", visited.site.token()) as proved, visited.follow("v_2") as own:
        await visited.rotate(overlap=True)
        await visited.ask("required")
        await own.until(lambda one: one.ended, SECONDS)
        assert not proved.ended


def _watcher(visited: Visited, visitor: str, person: str | None = None) -> Watcher:
    return Watcher(visited.api.business.id, visited.key_id, visitor, "widget", person)


async def _readable(visited: Visited, visitor: str, person: str | None = None) -> list[str]:
    """Return all that a stream of this visitor would show, asked of the store as it asks."""
    async with visited.follow(
        visitor, visited.site.token(sub=person) if person else None
    ) as events:
        end = f"end {random.random()}"
        await visited.write(end, visitor, visited.site.token(sub=person) if person else None)
        await events.until(lambda one: end in one.bodies)
    return [body for body in events.bodies if not body.startswith("end ")]


@pytest.mark.parametrize("seed", range(4))
async def test_a_claim_never_merges_and_shows_nothing(visited: Visited, seed: int) -> None:
    """Whatever browsers write, claim and prove, in any order.

    Nobody reads without a token what was written with one or in another browser, nobody reads with
    a token what another person proved to have written, and the customers whom the business knows
    hear nothing of claims.
    """
    chance = random.Random(seed)
    for person, phone in PEOPLE.items():
        if phone:
            customer = {"customer": {"phoneE164": phone}, "visitor": {"externalUserId": person}}
            await visited.api.send(**customer)
    known = await _customers(visited)
    own: dict[str, list[str]] = {browser: [] for browser in BROWSERS}
    theirs: dict[str, list[str]] = {person: [] for person in PEOPLE}
    for step in range(24):
        browser, person = chance.choice(BROWSERS), chance.choice(list(PEOPLE))
        body = f"{step} {browser} {person}"
        if chance.random() < 0.4:
            await visited.write(body, browser, visited.site.token(sub=person))
            theirs[person].append(body)
        else:
            claim = {"externalUserId": person, "externalEmail": f"{person}@example.com"}
            await visited.write(body, browser, **(claim if chance.random() < 0.7 else {}))
            own[browser].append(body)

    assert {
        id_: person for id_, person in (await _customers(visited)).items() if id_ in known
    } == known
    for browser in BROWSERS:
        assert await _readable(visited, browser) == own[browser]
    for person, bodies in theirs.items():
        shown = await _readable(visited, "v_fresh", person)
        assert [body for body in shown if body in bodies] == bodies
        others = {body for other in theirs if other != person for body in theirs[other]}
        assert not others & set(shown)


async def _customers(visited: Visited) -> dict[str, Any]:
    """Return what the business knows of each customer, apart from when it was told."""
    found = (await visited.api.server.get("/customers", params={"limit": "100"})).json()["data"]
    names = ("externalUserId", "email", "phoneE164", "displayName")
    return {one["id"]: [one[name] for name in names] for one in found}


async def test_a_person_whom_nobody_knows_yet_sees_the_first_words(visited: Visited) -> None:
    """In a new browser: nothing at first, and then what is written, by the person too."""
    token = visited.site.token(sub="u_new")
    async with visited.follow("v_new", token) as events:
        await visited.write("hello", "v_new", token)
        await events.count(1)

    assert events.all[0]["type"] == "config"
    assert events.bodies == ["hello"]
