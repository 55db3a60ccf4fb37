"""The bodies of `examples/` as messages."""

from pathlib import Path

import pytest

import hub_legacy_ingest
import hub_server_ingest
from hub.contracts import Message, Person, Visit
from hub.sdk_testing import arrival, normalized

EXAMPLES = Path(hub_legacy_ingest.__file__).with_name("examples")
TABLE = {
    "inbound": Message(
        channel="api",
        source="api",
        body="Do you repair older models?",
        provider_message_id="crm-1093",
        person=Person(phone_e164="+4930123456", display_name="Ada Example"),
        visit=Visit(),
    ),
    "visitor": Message(
        channel="api",
        source="api",
        body="Where is my invoice?",
        person=Person(visitor_id="v_old_site"),
        visit=Visit(visitor_id="v_old_site", path="/account"),
    ),
}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_an_example_becomes_its_message(example: Path) -> None:
    """Each body of `examples/` has its message in the table."""
    called = arrival("legacy")

    assert normalized(hub_legacy_ingest.CHANNEL, example, called) == [TABLE[example.stem]]


def test_a_retry_on_the_new_endpoint_is_the_same_message() -> None:
    """Both endpoints share a source, so that a caller who moves is not stored twice."""
    body = EXAMPLES / "inbound.json"
    old = normalized(hub_legacy_ingest.CHANNEL, body, arrival("legacy"))
    new = normalized(hub_server_ingest.CHANNEL, body, arrival("server"))

    assert old == new
