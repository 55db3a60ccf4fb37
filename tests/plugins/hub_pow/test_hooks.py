"""The plugin in a whole hub: off unless named, and then in the way of who is new."""

from pathlib import Path

import httpx
import pytest

import hub_pow
from hub.settings import Settings
from tests.plugins.hub_pow.test_puzzle import solution
from tests.support.app import Api, MakeApi

ON = {
    "plugins": (*Settings().plugins, "pow"),
    "plugin_settings": {"pow": {"bits": 8}},
    "widget_network_rate_per_min": 1_000,
}


async def send(api: Api, answer: str | None = None, name: str = "v_1") -> httpx.Response:
    """Send as a visitor."""
    headers = {"X-Visitor": f"{name}." + "s" * 22}
    if answer is not None:
        headers["X-Challenge"] = answer
    return await api.widget.post("/widget/messages", json={"body": "hi"}, headers=headers)


def solved(reply: httpx.Response) -> str:
    """Return the header that answers a challenge."""
    data = reply.json()["challenge"]["data"]
    return f"{data['ticket']}.{solution(data)}"


async def test_it_is_off_by_default(api: Api) -> None:
    """Bundled, and nobody is asked until it is named."""
    assert "pow" not in api.hub.hooks.plugins
    assert (await send(api)).status_code == 200


async def test_a_newcomer_works_once(make_api: MakeApi) -> None:
    """Asked, solved, in; from then on nothing is asked."""
    api = await make_api(**ON)
    asked = await send(api)
    challenge = asked.json()["challenge"]

    answered = await send(api, solved(asked))
    later = await send(api)

    assert (challenge["plugin"], challenge["script"]) == ("pow", "/pow.js")
    assert set(challenge["data"]) == {"salt", "bits", "ticket"}
    assert [asked.status_code, answered.status_code, later.status_code] == [403, 200, 200]


async def test_its_script_is_there_where_it_is_on(api: Api, make_api: MakeApi) -> None:
    """Any site may load it, at the path that the challenge names."""
    on = await make_api(**ON)
    path = (await send(on)).json()["challenge"]["script"]

    served = await on.anonymous.get(f"http://hub.test{path}")
    off = await api.anonymous.get(f"http://hub.test{path}")

    assert (served.status_code, off.status_code) == (200, 404)
    assert served.text == (Path(hub_pow.__file__).parent / "static" / "pow.js").read_text()
    assert served.headers["access-control-allow-origin"] == "*"
    assert served.headers["content-type"].startswith("text/javascript")


async def test_a_crowd_works_harder(make_api: MakeApi) -> None:
    """The hundredth who comes from one network has three bits more than the first."""
    api = await make_api(**ON)

    bits = [
        (await send(api, name=f"v_{number}")).json()["challenge"]["data"]["bits"]
        for number in range(100)
    ]

    assert (bits[0], bits[99], bits) == (8, 11, sorted(bits))


@pytest.mark.parametrize("way", ["wrong", "of another puzzle"])
async def test_what_solves_nothing_is_refused(make_api: MakeApi, way: str) -> None:
    """A number that is none of the puzzle's, and one that solves somebody else's."""
    api = await make_api(**{**ON, "plugin_settings": {"pow": {"bits": 14}}})
    one, other = (await send(api)).json(), (await send(api, name="v_2")).json()
    ticket = one["challenge"]["data"]["ticket"]
    number = "0" if way == "wrong" else solution(other["challenge"]["data"])

    reply = await send(api, f"{ticket}.{number}")

    assert (reply.status_code, reply.json()["code"]) == (403, "challenge")
