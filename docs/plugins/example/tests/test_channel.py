"""The endpoint in a whole hub."""

from pathlib import Path

import pytest
from hub.sdk_testing import signed

import hub_sms

TEXTS = Path(hub_sms.__file__).with_name("examples").joinpath("texts.json").read_bytes()


@pytest.fixture
def path(hub):
    """Where the gateway calls for a connected number."""
    number = "+15550001111"
    connection = hub.connect("sms", number, {"number": number}, {"signing_secret": "s3cret"})
    return f"/api/v1/channels/sms/{connection}/webhook"


def test_a_signed_call_is_stored(hub, path):
    """Both texts are kept under their senders' numbers, and the answer counts them."""
    answer = hub.post(path, TEXTS, signed(hub_sms.CHANNEL, "s3cret", TEXTS))

    assert (answer.status_code, answer.json()) == (200, {"stored": 2})
    assert [(m["channel"], m["customer"]["phoneE164"], m["body"]) for m in hub.accepted()] == [
        ("sms", "+15551234567", "Are you open today?"),
        ("sms", "+15557654321", "STOP"),
    ]


def test_a_repeated_call_stores_nothing_twice(hub, path):
    """The gateway's id decides, so it may repeat a call whose answer it did not see."""
    for _ in range(2):
        answer = hub.post(path, TEXTS, signed(hub_sms.CHANNEL, "s3cret", TEXTS))
        assert answer.json() == {"stored": 2}

    assert len(hub.accepted()) == 2


def test_a_call_that_others_signed_is_refused(hub, path):
    """Nothing is stored for a signature by another secret, or for none."""
    wrong = signed(hub_sms.CHANNEL, "guess", TEXTS)

    assert [hub.post(path, TEXTS, headers).status_code for headers in (wrong, {})] == [401, 401]
    assert hub.accepted() == []
