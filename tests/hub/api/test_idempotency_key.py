"""The header that stands in for a missing `providerMessageId`."""

from pathlib import Path

from hub.sdk_testing import open_trial

BODY = {"body": "hi", "visitor": {"visitorId": "v_1"}}


def test_a_repeat_by_header_is_a_repeat(tmp_path: Path) -> None:
    """Two calls with one key are one message, as long as 255 characters."""
    with open_trial(tmp_path, ["server_ingest"]) as hub:
        headers = {**hub.as_server, "Idempotency-Key": "k" * 255}
        first, second = (hub.post("/api/v1/messages", BODY, headers).json() for _ in range(2))

    assert first["id"] == second["id"]
    assert second["duplicate"] is True


def test_a_longer_key_is_refused(tmp_path: Path) -> None:
    """What the store could not keep is a 400 that names the header, on either store."""
    with open_trial(tmp_path, ["server_ingest"]) as hub:
        headers = {**hub.as_server, "Idempotency-Key": "k" * 256}
        refused = hub.post("/api/v1/messages", BODY, headers)

    assert refused.status_code == 400
    assert set(refused.json()["details"]["fieldErrors"]) == {"Idempotency-Key"}
