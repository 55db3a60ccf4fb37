"""Whether a visitor has to prove something before it may write, and whether it has.

`X-Challenge: <ticket>.<answer>` is the one form of a proof, whatever plugin asked for it
(docs/decisions/0022).
"""

import asyncio
import re
import time

from msgspec import Struct

from hub.auth.limits import Bucket
from hub.auth.tickets import LIFE_SECONDS, Ticket, Tickets
from hub.challenges import Answer, Challenge, Sender
from hub.contracts import Caller
from hub.errors import Challenged, Unavailable
from hub.hooks import Hooks
from hub.sealing import Sealer
from hub.settings import Settings

HOOK_SECONDS = 1.5
"""A plugin's share of the time that a request has (docs/decisions/0014)."""
HEADER = "x-challenge"
_PROOF = re.compile(r"([A-Za-z0-9_-]{1,4096})\.([!-~]{1,4096})")


class Solved(Struct, frozen=True):
    """A ticket that is good, and what its visitor answers."""

    ticket: Ticket
    answer: str


class Challenges:
    """Asks the plugins for challenges, and judges what comes back."""

    def __init__(self, hooks: Hooks, sealer: Sealer, settings: Settings) -> None:
        """Ask these plugins; the seal vouches for what was asked."""
        self._hooks = hooks
        self._settings = settings
        self._tickets = Tickets(sealer.mark, time.time)

    @property
    def on(self) -> bool:
        """Tell whether any plugin could ask for a proof."""
        return self._hooks.has("challenge")

    async def asked(self, sender: Sender) -> Challenge | None:
        """Return what is asked of a sender. A plugin that fails, or is slow, asks for nothing."""
        try:
            async with asyncio.timeout(HOOK_SECONDS):
                found: Challenge | None = await self._hooks.first(
                    "challenge", sender=sender, settings=self._settings
                )
        except TimeoutError:
            return None
        return found

    def refusal(self, challenge: Challenge, caller: Caller, visitor_id: str) -> Challenged:
        """Return the refusal that asks this visitor for a proof."""
        assert caller.key_id is not None
        plugin, data = challenge.plugin, challenge.data
        ticket = self._tickets.write(plugin, data, caller.key_id, visitor_id)
        return Challenged(plugin, challenge.script, {**data, "ticket": ticket})

    def solved(self, header: str | None, caller: Caller, visitor_id: str) -> Solved | None:
        """Read `X-Challenge`; None unless its ticket is this visitor's and alive."""
        match = _PROOF.fullmatch(header or "")
        if match is None or caller.key_id is None:
            return None
        ticket = self._tickets.read(match[1], caller.key_id, visitor_id)
        return Solved(ticket, match[2]) if ticket else None

    def once(self, solved: Solved) -> Bucket:
        """Return the bucket that holds one call: whoever takes it has used the proof."""
        return Bucket(f"proof:{solved.ticket.nonce.hex()}", 1, LIFE_SECONDS)

    async def holds(self, solved: Solved, sender: Sender) -> bool:
        """Let the plugin that asked judge. One that fails has not said yes; a slow one is 503."""
        ticket = solved.ticket
        answer = Answer(plugin=ticket.plugin, data=ticket.data, text=solved.answer, sender=sender)
        try:
            async with asyncio.timeout(HOOK_SECONDS):
                said = await self._hooks.first("verify", answer=answer, settings=self._settings)
        except TimeoutError as error:
            raise Unavailable from error
        return said is True
