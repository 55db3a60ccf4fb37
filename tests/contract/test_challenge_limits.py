"""What a challenge costs whoever is asked, what a plugin is told, and what if it fails."""

import asyncio

import pytest

from hub.auth import challenges
from hub.sdk import Answer, Challenge, Sender, Settings, hookimpl
from tests.support.app import PEER, Api, MakeApi
from tests.support.riddles import Riddle, added, send, solved

WIDE = {"widget_network_rate_per_min": 1_000, "widget_rate_per_min": 1_000}


async def test_what_a_plugin_is_told(make_api: MakeApi) -> None:
    """Whose key, from where, new or not, and how many others have just come; nothing else."""
    api = await make_api(**WIDE)
    riddle = added(api)
    key = next(k for k in await api.hub.keys.all(api.business.id) if k.kind == "widget")

    await send(api, solved(await send(api)))
    await send(api, name="v_2", peer=("2001:db8::7", 1))
    await send(api)

    facts = [(one.network, one.is_new, one.calls, one.newcomers) for one in riddle.asked]
    here, there = f"{PEER[0]}/32", "2001:db8::/64"
    assert facts == [
        (here, True, 0, 0),
        (here, True, 1, 0),
        (there, True, 0, 1),
        (here, False, 2, 1),
    ]
    assert {(one.organization_id, one.key_id) for one in riddle.asked} == {
        (api.business.id, key.id)
    }
    (judged,) = riddle.judged
    assert (judged.data, judged.text) == ({"word": "drow1000"}, "0001word")
    assert judged.sender == riddle.asked[1]


async def test_asking_costs_the_network_and_no_newcomer(make_api: MakeApi) -> None:
    """Whoever is asked and does not answer uses up their network, not the key's newcomers."""
    api = await make_api(widget_network_rate_per_min=3, widget_key_new_visitors_per_min=1)
    added(api)

    replies = [await send(api, name=f"v_{number}") for number in range(4)]
    elsewhere = ("203.0.113.9", 1)
    asked = await send(api, name="v_9", peer=elsewhere)
    answered = await send(api, solved(asked), name="v_9", peer=elsewhere)

    assert [reply.status_code for reply in replies] == [403, 403, 403, 429]
    assert answered.status_code == 200


async def test_a_limit_does_not_use_an_answer_up(make_api: MakeApi) -> None:
    """429 with a good answer: it is still good when the time has come."""
    api = await make_api(widget_key_new_visitors_per_min=1, **WIDE)
    added(api)
    first, second = [await send(api, name=name) for name in ("v_1", "v_2")]
    await send(api, solved(first), name="v_1")

    limited = await send(api, solved(second), name="v_2")
    api.clock.go_on(60)
    later = await send(api, solved(second), name="v_2")

    assert [limited.status_code, later.status_code] == [429, 200]


async def test_wrong_answers_cost_what_right_ones_cost(make_api: MakeApi) -> None:
    """Guessing is limited like writing."""
    api = await make_api(widget_rate_per_min=2)
    added(api)
    ticket = solved(await send(api)).partition(".")[0]

    replies = [await send(api, f"{ticket}.{guess}") for guess in range(3)]

    assert [reply.status_code for reply in replies] == [403, 403, 429]


async def test_a_guess_is_judged_once(make_api: MakeApi) -> None:
    """A new visitor's ticket takes one answer: whatever judging costs, it is not for guessers."""
    api = await make_api(**WIDE)
    riddle = added(api)
    ticket = solved(await send(api)).partition(".")[0]

    for guess in range(5):
        await send(api, f"{ticket}.{guess}")

    assert len(riddle.judged) == 1


class Broken(Riddle):
    """A plugin that fails where it is told to."""

    def __init__(self, ill: str, way: str) -> None:
        """Fail in this hook in this way."""
        super().__init__()
        self._ill, self._way = ill, way

    @hookimpl
    async def challenge(self, sender: Sender, settings: Settings) -> Challenge | None:
        """Ask, or fail."""
        await self._fail("challenge")
        return await super().challenge(sender, settings)

    @hookimpl
    async def verify(self, answer: Answer) -> bool | None:
        """Judge, or fail."""
        await self._fail("verify")
        return await super().verify(answer)

    async def _fail(self, where: str) -> None:
        if where == self._ill and self._way == "raises":
            raise RuntimeError
        if where == self._ill:
            await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("ill", "way", "outcome"),
    [
        ("challenge", "raises", 200),
        ("challenge", "hangs", 200),
        ("verify", "raises", 403),
        ("verify", "hangs", 503),
    ],
)
async def test_a_plugin_that_fails(api: Api, monkeypatch, ill, way, outcome) -> None:
    """One that cannot ask lets in; one that cannot judge does not, and is waited for briefly."""
    monkeypatch.setattr(challenges, "HOOK_SECONDS", 0.1)
    api.hub.hooks.add("riddle", Broken(ill, way))
    reply = await send(api)
    if ill == "verify":
        reply = await send(api, solved(reply))

    assert reply.status_code == outcome


async def test_without_a_plugin_the_header_means_nothing(api: Api) -> None:
    """Nobody asks, so nothing is read."""
    assert (await send(api, "whatever")).status_code == 200
