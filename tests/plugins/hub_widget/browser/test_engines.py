"""The same script in Firefox and in WebKit: a talk there and back, kept over a reload."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.hub_widget.browser.payloads import PAYLOADS
from tests.support.browser import Answer, Shop, shop, site
from tests.support.engines import ENGINES, Engine

__all__ = ["shop", "site"]

pytestmark = [pytest.mark.heavy, pytest.mark.server, pytest.mark.timeout(180)]

SECONDS = 15
ROOT = "const root = document.querySelector('clonvo-chat').shadowRoot;"
OPEN = f"{ROOT} root.querySelector('aside > button').click()"
SAY = f"""{ROOT}
    const box = root.querySelector('textarea');
    box.focus();
    box.value = arguments[0];
    const enter = {{ key: 'Enter', bubbles: true, cancelable: true, composed: true }};
    box.dispatchEvent(new KeyboardEvent('keydown', enter));
"""
SHOWN = f"""{ROOT}
    return [...root.querySelectorAll('[role=log] p')].map((p) => p.textContent);
"""
FAULTS = "self.faults = []; addEventListener('error', (event) => faults.push(event.message));"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A browser of this kind that was never anywhere."""
    with ENGINES[request.param](tmp_path) as engine:
        yield engine


def test_a_talk_there_and_back(engine: Engine, shop: Shop) -> None:
    """Nothing before it is used; what is written arrives; replies come live, as text; all stays."""
    texts = ["one", *(payload.strip() for payload in PAYLOADS[::8])]
    shop.site.pages["/"] = Answer(shop.page(head=f"<script>{FAULTS}</script>"))
    engine.go(f"{shop.site.origin}/")
    assert engine.run("return [localStorage.length, Object.keys(Clonvo).length > 0]") == [0, True]

    engine.run(OPEN)
    engine.run(SAY, "one")
    visitor = engine.run("return Clonvo.visitorId()")
    _until(lambda: shop.messages(visitor), 1)
    shop.reply(visitor, *texts[1:])
    _until(lambda: _said(engine), len(texts))
    assert _said(engine) == texts
    assert engine.run("return [faults, self.hit ?? null]") == [[], None]

    engine.go(f"{shop.site.origin}/")
    engine.run(OPEN)
    _until(lambda: _said(engine), len(texts))
    engine.run(SAY, "two")
    _until(lambda: shop.messages(visitor), len(texts) + 1)

    assert _said(engine) == [*texts, "two"]
    assert engine.run("return [faults, self.hit ?? null]") == [[], None]


def _said(engine: Engine) -> list[str]:
    """Return what is on the screen, but for the greeting."""
    shown: list[str] = engine.run(SHOWN)
    return shown[1:] if shown and shown[0] != "one" else shown


def _until(ask: Any, number: int) -> None:
    """Wait until there are so many; what is wrong about them is for the caller to say."""
    end = time.monotonic() + SECONDS
    while len(ask()) < number and time.monotonic() < end:
        time.sleep(0.1)
