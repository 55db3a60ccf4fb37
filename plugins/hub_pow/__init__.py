"""Proof of work: whoever is about to write for the first time lets their browser calculate."""

from collections.abc import Sequence
from pathlib import Path

from hub.sdk import Answer, Asset, Challenge, Plugin, Sender, Settings, hookimpl
from hub_pow.puzzle import PLUGIN_NAME, PowSettings, difficulty, is_solved, puzzle

PLUGIN = Plugin(
    name=PLUGIN_NAME,
    summary="A proof of work before a visitor's first message",
    settings=PowSettings,
)
SCRIPT = Asset(path="/pow.js", file=Path(__file__).with_name("static") / "pow.js")


@hookimpl
def routes() -> Sequence[Asset]:
    """Serve the script that finds the answer."""
    return [SCRIPT]


@hookimpl
async def challenge(sender: Sender, settings: Settings) -> Challenge | None:
    """Set those who are new a puzzle, a harder one where more of them come from."""
    own = settings.of(PLUGIN_NAME, PowSettings)
    if not sender.is_new:
        return None
    return Challenge(plugin=PLUGIN_NAME, script=SCRIPT.path, data=puzzle(difficulty(sender, own)))


@hookimpl
async def verify(answer: Answer) -> bool | None:
    """Check the answer with one hash."""
    return is_solved(answer.data, answer.text) if answer.plugin == PLUGIN_NAME else None
