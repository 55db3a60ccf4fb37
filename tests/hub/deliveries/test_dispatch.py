"""Events reach whoever asked for them, signed, once; or are tried again, and end."""

from datetime import timedelta
from typing import Any

import pytest

from hub.deliveries.schedule import RETRY_SECONDS
from tests.hub.deliveries.conftest import Desk
from tests.support.receiver import Receiver, reply

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_message_is_told_as_it_is_read(desk: Desk, receiver: Receiver) -> None:
    """The body is the event of the list, its data the message itself, and the signature holds."""
    hook = await desk.hook(receiver.url)
    stored = await desk.say("Is there rye bread?")

    await desk.work()

    (got,) = receiver.got
    event = got.verified(hook["secret"])
    assert event["data"] == await desk.get(f"/messages/{stored['id']}")
    assert event == (await desk.get("/events", type="message.created"))["data"][0]
    assert got.headers["webhook-id"] == event["id"]
    (delivery,) = await desk.deliveries(hook)
    assert (delivery["status"], delivery["eventId"]) == ("succeeded", event["id"])
    assert [one["responseStatus"] for one in delivery["attempts"]] == [200]


async def test_the_address_is_gone_to_as_it_is_written(desk: Desk, receiver: Receiver) -> None:
    """With what follows a semicolon, with its query, and with its port among the headers."""
    await desk.hook(f"{receiver.url}/a;v=1/b;w?x=1&y=;z")
    await desk.say()

    await desk.work()

    (got,) = receiver.got
    assert got.path == "/hook/a;v=1/b;w?x=1&y=;z"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


async def test_only_what_was_asked_for_is_told(desk: Desk, receiver: Receiver) -> None:
    """By kind, direction and channel; and what happened before is not."""
    await desk.say("before")
    await desk.hook(receiver.url, "message.created", filter={"direction": "outbound"})
    await desk.say("in")
    out = await desk.say("out", direction="outbound")

    await desk.work()

    assert [got.event["data"]["id"] for got in receiver.got] == [out["id"]]


async def test_a_failure_is_tried_again_by_the_schedule(desk: Desk, receiver: Receiver) -> None:
    """Seven times more, each a tenth early or late at most, with one id; then it has failed."""
    receiver.answer = lambda _: reply(500, b"out of bread")
    hook = await desk.hook(receiver.url)
    await desk.say()
    await desk.work()

    for tries, seconds in enumerate(RETRY_SECONDS, 1):
        desk.later += timedelta(seconds=seconds * 0.89)
        await desk.work()
        assert len(receiver.got) == tries
        desk.later += timedelta(seconds=seconds * 0.22)
        await desk.work()
        assert len(receiver.got) == tries + 1

    (delivery,) = await desk.deliveries(hook, status="failed")
    assert [one["number"] for one in delivery["attempts"]] == list(range(1, 9))
    assert {one["responseBody"] for one in delivery["attempts"]} == {"out of bread"}
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    desk.later += 2 * DAY
    await desk.work()
    assert len(receiver.got) == len(RETRY_SECONDS) + 1


@pytest.mark.parametrize(
    ("asked", "waits"),
    [("7", 7), ("1000000000", 10), ("-1", 5), ("soon", 5), ("0", 5)],
)
async def test_a_receiver_says_when_to_come_back(
    desk: Desk, receiver: Receiver, asked: str, waits: float
) -> None:
    """Between the schedule's pause and twice that; what is no number of seconds says nothing."""
    receiver.answer = lambda _: reply(429, retry_after=asked)
    await desk.hook(receiver.url)
    await desk.say()
    await desk.work()

    desk.later += timedelta(seconds=waits * 0.88)
    await desk.work()
    assert len(receiver.got) == 1
    desk.later += timedelta(seconds=waits * 0.25)
    await desk.work()
    assert len(receiver.got) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(desk: Desk, receiver: Receiver, status: int) -> None:
    """It is a failure like any other, and where it leads nobody goes."""
    receiver.answer = lambda got: reply(status, location=f"{receiver.url}/elsewhere")
    hook = await desk.hook(receiver.url)
    await desk.say()

    await desk.work()

    assert [got.path for got in receiver.got] == ["/hook"]
    (delivery,) = await desk.deliveries(hook)
    assert (delivery["status"], delivery["attempts"][0]["responseStatus"]) == ("waiting", status)


async def test_a_receiver_that_is_gone_is_switched_off(desk: Desk, receiver: Receiver) -> None:
    """410 does it at once; it stays listed, and the business's other hooks are told."""
    receiver.answer = lambda got: reply(410 if got.path == "/gone" else 200)
    gone = await desk.hook(receiver.url.replace("/hook", "/gone"))
    await desk.hook(receiver.url, "hook.disabled")
    await desk.say()
    await desk.work()
    await desk.say()
    await desk.work()

    assert sorted(got.path for got in receiver.got) == ["/gone", "/hook"]
    told = next(got.event for got in receiver.got if got.path == "/hook")
    shown = await desk.get(f"/hooks/{gone['id']}")
    assert (shown["status"], shown["disabledReason"]) == ("disabled", "gone")
    assert (told["type"], told["data"]) == ("hook.disabled", shown)


async def test_five_days_of_failures_switch_off(desk: Desk, receiver: Receiver) -> None:
    """Not before, and one success begins the count anew."""
    receiver.answer = lambda _: reply(500)
    hook = await desk.hook(receiver.url)

    async def fail() -> Any:
        await desk.say()
        await desk.work()
        return (await desk.get(f"/hooks/{hook['id']}"))["status"]

    assert await fail() == "active"
    desk.later += 4 * DAY
    receiver.answer = lambda _: reply(204)
    assert await fail() == "active"
    receiver.answer = lambda _: reply(500)
    assert await fail() == "active"
    desk.later += 4 * DAY + 23 * HOUR
    assert await fail() == "active"
    desk.later += HOUR + timedelta(minutes=1)
    assert await fail() == "disabled"
    assert (await desk.get(f"/hooks/{hook['id']}"))["disabledReason"] == "failing"


async def test_what_was_missed_is_recovered(desk: Desk, receiver: Receiver) -> None:
    """Failed or never tried while it was off: all of it once, and what arrived not again."""
    hook = await desk.hook(receiver.url)
    began = (await desk.say("arrived"))["id"]
    since = (await desk.get(f"/messages/{began}"))["createdAt"]
    await desk.work()
    receiver.answer = lambda _: reply(410)
    await desk.say("failed")
    await desk.work()
    await desk.say("while off")
    await desk.work()
    receiver.answer = lambda _: reply(200)
    before = len(receiver.got)

    await desk.client.patch(f"/hooks/{hook['id']}", json={"status": "active"})
    answer = await desk.post(f"/hooks/{hook['id']}/recover", since=since)
    await desk.work()

    assert answer == {"ok": True, "queued": 2}
    bodies = [got.event["data"]["body"] for got in receiver.got[before:]]
    assert sorted(bodies) == ["failed", "while off"]
    assert (await desk.post(f"/hooks/{hook['id']}/recover", since=since))["queued"] == 0


async def test_one_delivery_is_sent_again(desk: Desk, receiver: Receiver) -> None:
    """With the same id and body, and its attempts go on counting."""
    hook = await desk.hook(receiver.url)
    await desk.say()
    await desk.work()
    (delivery,) = await desk.deliveries(hook)

    path = f"/hooks/{hook['id']}/deliveries/{delivery['id']}/retry"
    assert (await desk.post(path))["deliveryId"] == delivery["id"]
    await desk.work()

    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    (delivery,) = await desk.deliveries(hook)
    assert [one["number"] for one in delivery["attempts"]] == [1, 2]


async def test_a_test_is_delivered(desk: Desk, receiver: Receiver) -> None:
    """To the hook itself, whatever it is for."""
    hook = await desk.hook(receiver.url, "customer.updated")

    answer = await desk.post(f"/hooks/{hook['id']}/test")
    await desk.work()

    (got,) = receiver.got
    event = got.verified(hook["secret"])
    assert (event["type"], event["data"]["id"]) == ("hook.test", hook["id"])
    assert [one["id"] for one in await desk.deliveries(hook)] == [answer["deliveryId"]]


async def test_a_new_secret_and_the_old_one_sign_for_a_day(desk: Desk, receiver: Receiver) -> None:
    """Both verify until then, after it the new one alone."""
    hook = await desk.hook(receiver.url)
    rotated = await desk.post(f"/hooks/{hook['id']}/rotate-secret")
    await desk.say()
    await desk.work()
    desk.later += timedelta(hours=24, seconds=1)
    await desk.say()
    await desk.work()

    during, after = (got.headers["webhook-signature"].split() for got in receiver.got)
    assert (len(during), len(after)) == (2, 1)
    assert receiver.got[0].verified(hook["secret"]) == receiver.got[0].verified(rotated["secret"])


async def test_hooks_of_a_dead_key_are_told_nothing(desk: Desk, receiver: Receiver) -> None:
    """From the revocation on, also what waits already."""
    receiver.answer = lambda _: reply(500)
    hook = await desk.hook(receiver.url)
    await desk.say()
    await desk.work()
    organization = (await desk.hub.organizations.all())[0]
    other = await desk.hub.keys.create(organization.id, "server", "other")
    (key,) = [k for k in await desk.hub.keys.all(organization.id) if k.id != other.key.id]
    await desk.hub.keys.revoke(organization.id, key.id)
    desk.client.headers["authorization"] = f"Bearer {other.plaintext}"

    await desk.say()
    desk.later += DAY
    await desk.work()

    assert len(receiver.got) == 1
    assert (await desk.get(f"/hooks/{hook['id']}"))["status"] == "revoked"
