"""The kit for plugin authors: what it lends is a real hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import hub_legacy_ingest
import hub_server_ingest
import hub_whatsapp
from hub.contracts import Plugin
from hub.errors import BadRequest
from hub.hookspecs import hookimpl
from hub.sdk_testing import TrialHub, arrival, normalized, open_trial, signed

PLUGINS = ("server_ingest", "widget", "whatsapp")


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[TrialHub]:
    """A trial hub with three of the bundled plugins."""
    with open_trial(tmp_path, PLUGINS) as hub:
        yield hub


def test_a_message_is_stored_and_read_back(trial: TrialHub) -> None:
    """A call as a backend makes it goes through every layer, and `accepted` shows what came."""
    bodies = ["first", "second"]
    for body in bodies:
        answer = trial.post(
            "/api/v1/messages",
            {"body": body, "customer": {"phoneE164": "+15551234567"}},
            trial.as_server,
        )
        assert answer.status_code == 200

    assert [message["body"] for message in trial.accepted()] == bodies
    assert trial.accepted()[-1]["id"] == answer.json()["id"]


def test_the_widget_key_may_be_used_from_its_origin(trial: TrialHub) -> None:
    """`as_widget` is a browser on an allowed page; from elsewhere the same key is refused."""
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}
    elsewhere = {**trial.as_widget, "Origin": "https://elsewhere.example"}
    statuses = [
        trial.post("/api/v1/widget/messages", body, headers).status_code
        for headers in (trial.as_widget, elsewhere, {})
    ]

    assert statuses == [200, 403, 401]


def test_only_the_chosen_plugins_are_there(trial: TrialHub) -> None:
    """A plugin that was not named serves nothing."""
    answer = trial.post("/api/v1/ingest", {"body": "hi"}, trial.as_server)

    assert answer.status_code == 404


def test_settings_reach_the_hub(tmp_path: Path) -> None:
    """A rate that was lowered for the test is the one that fires."""
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}
    with open_trial(tmp_path, PLUGINS, ingest_rate_per_min=2) as hub:
        statuses = [hub.post("/api/v1/messages", body, hub.as_server).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_a_provider_signs_for_its_connection(trial: TrialHub) -> None:
    """`connect` and `signed` are all that a signed channel needs; without the header it is 401."""
    raw = Path(hub_whatsapp.__file__).with_name("examples").joinpath("text.json").read_bytes()
    data = {"phone_number_id": "1000001", "waba_id": "2000002"}
    connection = trial.connect("whatsapp", "1000001", data, {"app_secret": "of Meta's app"})
    path = f"/api/v1/channels/whatsapp/{connection}/webhook"
    good = signed(hub_whatsapp.CHANNEL, "of Meta's app", raw)
    bad = signed(hub_whatsapp.CHANNEL, "of another app", raw)

    assert [trial.post(path, raw, headers).status_code for headers in (good, bad, {})] == [
        200,
        401,
        401,
    ]
    assert [message["providerMessageId"] for message in trial.accepted()] == ["wamid.text1"]


def test_work_tells_the_plugins_once(trial: TrialHub) -> None:
    """After `work` the `message_accepted` hooks have run, and a second `work` finds nothing."""

    class Ear:
        PLUGIN = Plugin(name="ear", summary="Hears of messages")
        heard: list[str]

        @hookimpl
        def message_accepted(self, event) -> None:
            self.heard.append(event.type)

    ear = Ear()
    ear.heard = []
    trial.hub.hooks.add("ear", ear)
    body = {"body": "hi", "visitor": {"visitorId": "v_1"}}
    trial.post("/api/v1/messages", body, trial.as_server)

    assert trial.work() > 0
    assert ear.heard == ["message.created"]
    assert trial.work() == 0


def test_a_body_is_decoded_as_the_hub_does() -> None:
    """`normalized` refuses what a call would be refused for, and names every field."""
    with pytest.raises(BadRequest) as refused:
        normalized(hub_server_ingest.CHANNEL, b'{"body": "", "customer": {"phoneE164": "1"}}')

    assert set(refused.value.fields) == {"body", "customer.phoneE164"}


@pytest.mark.parametrize("kind", ["server", "widget", "legacy", "connection"])
def test_an_arrival_is_by_a_caller_of_its_kind(kind) -> None:
    """Keys have a key id, a connection its own; two arrivals never share a business."""
    one, other = arrival(kind), arrival(kind, user_agent="Robot/1.0")

    assert one.caller.kind == kind
    assert (one.caller.key_id is not None) == (kind in {"server", "widget"})
    assert (one.caller.connection_id is not None) == (kind == "connection")
    assert one.caller.organization_id != other.caller.organization_id
    assert other.user_agent == "Robot/1.0"


def test_a_channel_without_a_signature_cannot_be_signed_for() -> None:
    """The mistake is told at once, by the channel's name."""
    with pytest.raises(AssertionError, match="api takes no signature"):
        signed(hub_legacy_ingest.CHANNEL, "secret", b"{}")
