"""The header that stands in for a missing `providerMessageId`."""

from tests.hub.api.conftest import Business


async def test_empty_key_is_no_key(bakery: Business) -> None:
    """Two calls with an empty one are two messages."""
    body = {"body": "hi", "visitor": {"visitorId": "v1"}}
    headers = {"idempotency-key": ""}

    replies = [await bakery.client.post("/messages", json=body, headers=headers) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert len({reply.json()["id"] for reply in replies}) == 2


async def test_same_key_is_the_same_message(bakery: Business) -> None:
    """The second call is told where the first one's message is."""
    body = {"body": "hi", "visitor": {"visitorId": "v1"}}
    headers = {"idempotency-key": "order-1"}

    first, again = [
        (await bakery.client.post("/messages", json=body, headers=headers)).json() for _ in range(2)
    ]

    assert (again["id"], again["duplicate"]) == (first["id"], True)
