"""The plugin that the page on challenges shows does what the page says."""

import sys
from types import ModuleType

import httpx
import pytest
import respx

from hub.hooks import Hooks
from hub.settings import Settings
from tests.docs import pages
from tests.support.app import Api, MakeApi, database, make_api, shared_postgres, shared_sqlite
from tests.support.riddles import ASKED, send, told

__all__ = ["database", "make_api", "shared_postgres", "shared_sqlite"]
PAGE = pages.DOCS / "plugins" / "challenges.md"
OWN = {"plugin_settings": {"turnstile": {"sitekey": "public", "secret": "hidden"}}}
MOST_LINES = 40


@pytest.fixture
def turnstile(monkeypatch) -> ModuleType:
    """The page's plugin as a module."""
    (fence,) = pages.fences(PAGE, "python")
    module = ModuleType("hub_turnstile")
    monkeypatch.setitem(sys.modules, "hub_turnstile", module)
    exec(compile(fence.text, str(PAGE), "exec"), module.__dict__)
    return module


@pytest.fixture
async def api(make_api: MakeApi, turnstile: ModuleType) -> Api:
    """A hub with the plugin on."""
    made = await make_api(**OWN)
    made.hub.hooks.add("turnstile", turnstile)
    return made


def answer(reply: httpx.Response) -> str:
    """Return what the page's script would send with the token `token`."""
    return f"{reply.json()['challenge']['data']['ticket']}.0.token-of_theirs"


@pytest.mark.parametrize(("said", "status"), [("true", 200), ("false", 403)])
async def test_the_plugin_asks_and_lets_cloudflare_judge(
    api: Api, turnstile: ModuleType, said: str, status: int
) -> None:
    """The site's key goes to the page, its secret and the token to Cloudflare, who decides."""
    asked = await send(api)
    data = asked.json()["challenge"]["data"]
    with respx.mock:
        route = respx.post(turnstile.JUDGE).respond(text=f'{{"success": {said}}}')
        reply = await send(api, answer(asked))

    assert told(asked) == ASKED
    assert (data["sitekey"], "hidden" in asked.text) == ("public", False)
    assert reply.status_code == status
    form = route.calls.last.request.content.decode()
    assert form == "secret=hidden&response=0.token-of_theirs"


async def test_cloudflare_out_lets_nobody_new_in(api: Api, turnstile: ModuleType) -> None:
    """As the page says: a verdict that fails is none."""
    asked = await send(api)
    with respx.mock:
        respx.post(turnstile.JUDGE).mock(side_effect=httpx.ConnectError)

        assert told(await send(api, answer(asked))) == ASKED


def test_it_is_a_whole_plugin(turnstile: ModuleType) -> None:
    """It loads, its settings are checked, and it is as short as it looks."""
    hooks = Hooks(())
    hooks.add("turnstile", turnstile)
    (fence,) = pages.fences(PAGE, "python")

    assert hooks.used_by("turnstile") == ["challenge", "verify"]
    assert Settings(**OWN).of("turnstile", turnstile.Turnstile).sitekey == "public"
    assert len(fence.text.splitlines()) <= MOST_LINES
