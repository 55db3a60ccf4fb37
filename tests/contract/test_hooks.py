"""`/hooks`: what may be asked for, what is refused with its cure, and what heals."""

from typing import Any

import pytest

from tests.support.app import Api

HOOK = {"url": "https://example.com/hook", "events": ["message.created"]}


async def test_a_secret_is_shown_once(api: Api) -> None:
    """In the answer to making and to rotating; in no list, no object and no event."""
    made = (await api.server.post("/hooks", json=HOOK)).json()
    rotated = (await api.server.post(f"/hooks/{made['id']}/rotate-secret")).json()
    await api.server.post(f"/hooks/{made['id']}/test")
    shown = [
        (await api.server.get(path)).text
        for path in ("/hooks", f"/hooks/{made['id']}", "/events", f"/hooks/{made['id']}/deliveries")
    ]

    assert made["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert not any("whsec_" in text for text in shown)


async def test_the_same_again_heals(api: Api) -> None:
    """One hook with a new secret and the new filter, in whatever order its events are named."""
    wanted = {**HOOK, "events": ["message.created", "customer.created"]}
    first = await api.server.post("/hooks", json=wanted)
    again = {**wanted, "events": wanted["events"][::-1], "filter": {"direction": "inbound"}}
    second = await api.server.post("/hooks", json=again)
    listed = (await api.server.get("/hooks", params={"url": HOOK["url"]})).json()["data"]

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["secret"] != second.json()["secret"]
    assert (first.json()["duplicate"], second.json()["duplicate"]) == (False, True)
    assert second.json()["previousSecretExpiresAt"] is not None
    assert [hook["filter"]["direction"] for hook in listed] == ["inbound"]


async def test_another_address_or_event_is_another_hook(api: Api) -> None:
    """A test and a production address live side by side."""
    bodies = [HOOK, {**HOOK, "url": "https://example.com/test"}, {**HOOK, "events": ["hook.test"]}]
    ids = {(await api.server.post("/hooks", json=body)).json()["id"] for body in bodies}

    assert len(ids) == 3


@pytest.mark.parametrize(
    ("change", "field", "cure"),
    [
        ({"url": "http://example.com/"}, "url", "Begin it with https://"),
        ({"url": "https://127.0.0.1/"}, "url", "This address may not be reached from here"),
        ({"url": "https://localhost:8443/"}, "url", "This address may not be reached from here"),
        ({"events": []}, "events", "Send a list with some of: conversation.closed"),
        ({"events": ["message.made"]}, "events", "Send a list with some of: conversation.closed"),
        ({"filter": {"channel": "fax"}}, "filter.channel", "Use one of: api, "),
        ({"filter": {"direction": "up"}}, "filter.direction", "Send one of: inbound, outbound"),
        ({"source": "elsewhere"}, "source", "Use one of: api, "),
    ],
)
async def test_what_is_wrong_is_named_with_its_cure(
    api: Api, change: dict[str, Any], field: str, cure: str
) -> None:
    """When it is made and when it is changed; nothing is kept."""
    refused = await api.server.post("/hooks", json=HOOK | change)

    assert refused.status_code == 400
    assert refused.json()["details"]["fieldErrors"][field][0].startswith(cure)
    assert (await api.server.get("/hooks")).json()["data"] == []
    if "source" not in change:
        made = (await api.server.post("/hooks", json=HOOK)).json()["id"]
        refused = await api.server.patch(f"/hooks/{made}", json=change)
        assert refused.json()["details"]["fieldErrors"][field][0].startswith(cure)


async def test_what_is_not_named_stays(api: Api) -> None:
    """A change of one thing changes no other; off and on keeps all of it."""
    made = (await api.server.post("/hooks", json=HOOK | {"description": "shop"})).json()
    path = f"/hooks/{made['id']}"
    off = (await api.server.patch(path, json={"status": "disabled"})).json()
    refused = await api.server.post(f"{path}/test")
    on = (await api.server.patch(path, json={"status": "active"})).json()

    assert (off["status"], off["disabledReason"]) == ("disabled", "by_hand")
    assert refused.status_code == 409
    assert (on["status"], on["disabledReason"]) == ("active", None)
    kept = ("url", "events", "filter", "source", "description", "createdAt")
    assert {name: made[name] for name in kept} == {name: on[name] for name in kept}


async def test_two_of_a_key_cannot_become_the_same(api: Api) -> None:
    """A change that would make them so is a conflict."""
    await api.server.post("/hooks", json=HOOK)
    other = (await api.server.post("/hooks", json=HOOK | {"events": ["hook.test"]})).json()
    refused = await api.server.patch(f"/hooks/{other['id']}", json={"events": HOOK["events"]})

    assert refused.status_code == 409


async def test_a_hook_that_is_removed_is_gone(api: Api) -> None:
    """With all that it was sent; again is 404."""
    made = (await api.server.post("/hooks", json=HOOK)).json()["id"]
    await api.server.post(f"/hooks/{made}/test")
    statuses = [(await api.server.delete(f"/hooks/{made}")).status_code for _ in range(2)]

    assert statuses == [200, 404]
    assert (await api.server.get(f"/hooks/{made}/deliveries")).status_code == 404


async def test_a_key_has_a_hundred_at_most(api: Api) -> None:
    """The next is a conflict, and says what to do."""
    for number in range(100):
        await api.server.post("/hooks", json=HOOK | {"url": f"https://example.com/{number}"})
    refused = await api.server.post("/hooks", json=HOOK)

    assert refused.status_code == 409
    assert "at most 100 hooks" in refused.json()["error"]
