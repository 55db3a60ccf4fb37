"""A plugin that sets riddles, and a visitor that can answer them."""

from typing import Any

import httpx

from hub.sdk import Answer, Challenge, Plugin, Sender, Settings, hookimpl
from tests.support.app import PEER, Api

SECRET = "s" * 22


class Riddle:
    """A plugin that asks everybody, or those who are new, for the word backwards."""

    PLUGIN = Plugin(name="riddle", summary="Asks for a word backwards")

    def __init__(self) -> None:
        """Ask those who are new."""
        self.always = False
        self.asked: list[Sender] = []
        self.judged: list[Answer] = []

    @hookimpl
    async def challenge(self, sender: Sender, settings: Settings) -> Challenge | None:
        """Ask."""
        self.asked.append(sender)
        if not (sender.is_new or self.always):
            return None
        data = {"word": f"drow{settings.widget_rate_per_min}"}
        return Challenge(plugin="riddle", script="/riddle.js", data=data)

    @hookimpl
    async def verify(self, answer: Answer) -> bool | None:
        """Compare."""
        self.judged.append(answer)
        word: str = answer.data["word"]
        return answer.text == word[::-1] if answer.plugin == "riddle" else None


def added(api: Api) -> Riddle:
    """Switch the plugin on."""
    plugin = Riddle()
    api.hub.hooks.add("riddle", plugin)
    return plugin


async def send(
    api: Api, answer: str | None = None, name: str = "v_1", peer=PEER, **more: Any
) -> httpx.Response:
    """Send as a visitor, with this answer if there is one; `more` takes the place of the body."""
    headers = {"X-Visitor": f"{name}.{SECRET}"}
    if answer is not None:
        headers["X-Challenge"] = answer
    whole: dict[str, Any] = {"json": {"body": "hi"}, **more}
    client = api.client(api.business.widget_headers, peer=peer)
    return await client.post("/widget/messages", headers=headers, **whole)


def solved(reply: httpx.Response) -> str:
    """Return what the plugin's script would make of the challenge."""
    data = reply.json()["challenge"]["data"]
    return f"{data['ticket']}.{data['word'][::-1]}"


def told(reply: httpx.Response) -> tuple[int, str | None]:
    """Return what is told apart: the status and the code."""
    return reply.status_code, reply.json().get("code")


ASKED = (403, "challenge")
