"""The bodies of `examples/` as messages."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import hub_widget
from hub.contracts import Message, Person, Signal, Visit, Welcome
from hub.proofs import Proved
from hub.sdk_testing import arrival, normalized

EXAMPLES = Path(hub_widget.__file__).with_name("examples")
CALL = arrival("widget", visitor_id="v_header")
SOURCE = f"widget:{CALL.caller.scope.hex}:"
FIRST = Message(
    channel="widget",
    source=f"{SOURCE}v_9f3c",
    body="Hello, is anybody there?",
    provider_message_id="8f0c2c9e-6c1d-4f3a-9a57-2f6f4d1f2b10",
    person=Person(visitor_id="v_9f3c"),
    visit=Visit(visitor_id="v_9f3c", path="/pricing", referer="https://search.example/"),
)
TABLE = {
    "first_message": FIRST,
    "signed_in": Message(
        channel="widget",
        source=f"{SOURCE}v_9f3c",
        body="My export hangs.",
        person=Person(visitor_id="v_9f3c", display_name="Jane Doe", email="jane@example.com"),
        visit=Visit(
            visitor_id="v_9f3c",
            path="/app/export",
            external_user_id="u_42",
            external_email="jane@example.com",
            external_name="Jane Doe",
        ),
    ),
    "bare": Message(
        channel="widget",
        source=f"{SOURCE}None",
        body="One more thing",
        person=Person(),
        visit=Visit(),
    ),
}


def test_events_become_signals_in_their_order() -> None:
    """What a visitor did, about the conversations of the widget's messages."""
    found = normalized(hub_widget.EVENTS, EXAMPLES / "events.json", CALL)

    assert found == [
        Signal(kind="opened", channel="widget", path="/pricing"),
        Signal(kind="typing", channel="widget"),
        Signal(kind="read", channel="widget", seq=7),
        Signal(kind="closed", channel="widget", path="/pricing"),
    ]


@pytest.mark.parametrize(
    ("welcome", "first"),
    [
        (Welcome(), b'{"type":"config","lang":"en"}'),
        (
            Welcome(greeting="Hi", away="Back at nine"),
            b'{"type":"config","lang":"en","greeting":"Hi","presence":"Back at nine"}',
        ),
        (Welcome(moved=True), b'{"type":"config","lang":"en","moved":true}'),
        (
            Welcome(accept_language="en-GB", languages=("de", "en")),
            b'{"type":"config","lang":"en"}',
        ),
    ],
)
def test_a_stream_begins_with_what_the_business_has_set(welcome: Welcome, first: bytes) -> None:
    """And says nothing of what it has not."""
    assert msgspec.json.encode(hub_widget.CHANNEL.opening(welcome)) == first


@pytest.mark.parametrize(
    "example",
    sorted(path for path in EXAMPLES.glob("*.json") if path.stem != "events"),
    ids=lambda path: path.stem,
)
def test_an_example_becomes_its_message(example: Path) -> None:
    """Each body of `examples/` has its message in the table, for a call without `X-Visitor`."""
    called = replace(CALL, visitor_id=None)

    assert normalized(hub_widget.CHANNEL, example, called) == [TABLE[example.stem]]


@pytest.mark.parametrize("name", ["first_message", "bare"])
def test_the_visitor_of_the_header_wins(name: str) -> None:
    """`X-Visitor` is proved, what the body says is not: it names the person and the source."""
    (found,) = normalized(hub_widget.CHANNEL, EXAMPLES / f"{name}.json", CALL)

    assert (found.person.visitor_id, found.source) == ("v_header", f"{SOURCE}v_header")
    assert found.visit is not None
    assert found.visit.visitor_id == "v_header"


def test_whom_a_token_proves_wins_over_what_the_page_says() -> None:
    """Id, address and name are the token's, also where it has none; the page tells the path."""
    jane = Proved(external_user_id="u_1", email="jane@example.net")
    (found,) = normalized(
        hub_widget.CHANNEL, EXAMPLES / "signed_in.json", replace(CALL, proved=jane)
    )

    assert found.person == Person(
        visitor_id="v_header", external_user_id="u_1", email="jane@example.net"
    )
    assert found.visit == Visit(
        visitor_id="v_header",
        path="/app/export",
        external_user_id="u_1",
        external_email="jane@example.net",
    )


def test_two_keys_and_two_visitors_never_share_a_source() -> None:
    """A visitor who learns another's message id cannot make the hub take theirs for a repeat."""
    calls = [arrival("widget"), arrival("widget"), CALL]
    sources = {
        normalized(hub_widget.CHANNEL, EXAMPLES / "first_message.json", call)[0].source
        for call in calls
    }

    assert len(sources) == len(calls)
