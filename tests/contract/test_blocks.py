"""`/blocks`: who is kept out, as the API makes, shows and ends it, on either store."""

from datetime import UTC, datetime, timedelta

import pytest

from hub import ids
from tests.support.app import Api

NETWORK = {"network": "203.0.113.9/24", "reason": "a bot farm"}


@pytest.fixture
async def key_id(api: Api) -> str:
    """The id of the business's widget key."""
    keys = await api.hub.keys.all(api.business.id)
    return next(ids.wire("key", key.id) for key in keys if key.kind == "widget")


async def test_a_block_is_made_listed_and_removed(api: Api, key_id: str) -> None:
    """Every field is there, what is unknown is null."""
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
    visitor = {"keyId": key_id, "visitorId": "v_1", "reason": "abuse", "expiresAt": soon}

    network = (await api.server.post("/blocks", json=NETWORK)).json()
    person = (await api.server.post("/blocks", json=visitor)).json()
    listed = (await api.server.get("/blocks")).json()
    gone = await api.server.delete(f"/blocks/{network['id']}")
    left = (await api.server.get("/blocks")).json()

    assert network.pop("ok") is person.pop("ok") is True
    assert listed == {"data": [person, network], "nextCursor": None}
    assert gone.json() == {"ok": True, "id": network["id"]}
    assert left["data"] == [person]
    assert {**network, "id": 0, "createdAt": 0} == {
        "id": 0,
        "keyId": None,
        "visitorId": None,
        "network": "203.0.113.0/24",
        "reason": "a bot farm",
        "createdAt": 0,
        "expiresAt": None,
    }
    assert person["expiresAt"] == soon.replace("+00:00", "Z")
    assert (person["keyId"], person["visitorId"], person["network"]) == (key_id, "v_1", None)


async def test_the_list_comes_in_pages(api: Api) -> None:
    """Newest first, each once."""
    made = [
        (await api.server.post("/blocks", json={**NETWORK, "network": f"203.0.113.{n}"})).json()
        for n in range(5)
    ]
    found, cursor = [], ""
    while cursor is not None:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.server.get("/blocks", params=query)).json()
        found += [one["id"] for one in page["data"]]
        cursor = page["nextCursor"]

    assert found == [one["id"] for one in made][::-1]


@pytest.mark.parametrize(
    ("body", "fields", "form"),
    [
        ({}, {"reason"}, 1),
        ({"reason": "x"}, set(), 1),
        ({"reason": "x", "network": "203.0.0.0/8"}, {"network"}, 0),
        ({"reason": "x", "network": "203.0.113.9", "visitorId": "v"}, set(), 1),
        ({"reason": "x", "visitorId": "v"}, {"keyId"}, 0),
        ({"reason": "x", "visitorId": "v", "keyId": "key_1"}, {"keyId"}, 0),
        ({"reason": "x", "network": "203.0.113.9", "expiresAt": "tomorrow"}, {"expiresAt"}, 0),
        (
            {"reason": "\n", "network": "x", "expiresAt": "2020-01-01T00:00:00Z"},
            {"network", "reason", "expiresAt"},
            0,
        ),
    ],
)
async def test_what_is_wrong_is_told(api: Api, body: dict, fields: set, form: int) -> None:
    """400 that names the fields; nothing is stored."""
    reply = await api.server.post("/blocks", json=body)

    details = reply.json()["details"]
    assert (reply.status_code, set(details["fieldErrors"])) == (400, fields)
    assert len(details["formErrors"]) == form
    assert (await api.server.get("/blocks")).json()["data"] == []


async def test_a_second_removal_is_404(api: Api) -> None:
    """As any id that nobody has."""
    made = (await api.server.post("/blocks", json=NETWORK)).json()["id"]

    statuses = [(await api.server.delete(f"/blocks/{made}")).status_code for _ in range(2)]

    assert statuses == [200, 404]
