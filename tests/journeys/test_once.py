"""Once means once: whatever arrives at the same moment, in whichever process."""

import asyncio
from collections import Counter
from itertools import count
from typing import Any

import psutil

from tests.journeys.conftest import PROCESSES, Running
from tests.support.app import Business
from tests.support.client import Line, connected, everything, in_parallel, new_business
from tests.support.processes import wait_for

SLUGS = (f"once-{number}" for number in count(1))
IDS, TIMES = 50, 40
PEOPLE, FIRST_MESSAGES = 50, 200


def workers(running: Running) -> list[psutil.Process]:
    """Return the processes that answer, without what starts and watches them."""
    found = psutil.Process(running.hub.process.pid).children(recursive=True)
    parents = {process.ppid() for process in found}
    return [process for process in found if process.pid not in parents]


async def send_all(running: Running, business: Business) -> dict[str, list[dict[str, Any]]]:
    """Send every id so many times at once; return the answers by id."""
    answers: dict[str, list[dict[str, Any]]] = {f"once-{number}": [] for number in range(IDS)}

    async def send(line: Line, name: str) -> None:
        body = {"body": name, "providerMessageId": name, "customer": {"phoneE164": "+15551234567"}}
        reply = await line.insist("/messages", body)
        assert reply.status == 200, reply
        answers[name].append(reply.body)

    work = [name for name in answers for _ in range(TIMES)]
    await in_parallel(running.hub, business.bearer, work, send, lines=4 * TIMES)
    return answers


async def kill_one(running: Running) -> None:
    """Kill one of the processes while the sends are in flight."""
    await asyncio.sleep(0.5)
    workers(running)[0].kill()


async def test_fifty_ids_forty_times_at_once_are_fifty_messages(many: Running) -> None:
    """2,000 sends over four processes, one of them killed meanwhile: 50 rows, one id each."""
    assert len(workers(many)) == PROCESSES
    business = await new_business(many.database_url, next(SLUGS))
    answers, _ = await asyncio.gather(send_all(many, business), kill_one(many))
    async with connected(many.hub, business.bearer) as client:
        stored = await everything(client, "/messages")
        sessions = await everything(client, "/sessions")
        told = Counter(event["type"] for event in await everything(client, "/events"))

    assert sorted(message["providerMessageId"] for message in stored) == sorted(answers)
    assert {message["providerMessageId"]: message["id"] for message in stored} == {
        name: reply["id"] for name, replies in answers.items() for reply in replies
    }
    for replies in answers.values():
        assert len(replies) == TIMES
        assert len({reply["id"] for reply in replies}) == 1
        # The first answer may have been lost with its process; two first ones there never are.
        assert sum("duplicate" not in reply for reply in replies) <= 1
    assert sum(session["messageCount"] for session in sessions) == IDS
    assert told["message.created"] == IDS
    assert wait_for(lambda: len(workers(many)) == PROCESSES, 20), "the dead process is replaced"


async def test_first_messages_at_once_make_each_person_once(running: Running) -> None:
    """200 parallel first messages of 50 people: 50 customers, conversations and sessions."""
    business = await new_business(running.database_url, next(SLUGS))

    answers: list[dict[str, Any]] = []

    async def first(line: Line, number: int) -> None:
        person = number % PEOPLE
        body = {"body": f"{number}", "customer": {"phoneE164": f"+1555000{person:04}"}}
        reply = await line.insist("/messages", body)
        assert reply.status == 200, reply
        answers.append(reply.body)

    work = range(FIRST_MESSAGES)
    await in_parallel(running.hub, business.bearer, work, first, lines=FIRST_MESSAGES)
    async with connected(running.hub, business.bearer) as client:
        lists = {
            path: await everything(client, path)
            for path in ("/customers", "/conversations", "/sessions", "/messages")
        }

    assert {path: len(found) for path, found in lists.items()} == {
        "/customers": PEOPLE,
        "/conversations": PEOPLE,
        "/sessions": PEOPLE,
        "/messages": FIRST_MESSAGES,
    }
    each = FIRST_MESSAGES // PEOPLE
    assert {session["messageCount"] for session in lists["/sessions"]} == {each}
    assert {talk["lastSeq"] for talk in lists["/conversations"]} == {each}
    assert Counter(message["seq"] for message in lists["/messages"]) == dict.fromkeys(
        range(1, each + 1), PEOPLE
    )
    for name in ("customerId", "conversationId", "sessionId"):
        assert Counter(Counter(answer[name] for answer in answers).values()) == {each: PEOPLE}
