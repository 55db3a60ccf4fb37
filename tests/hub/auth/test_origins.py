"""Origins: read the same at creation and at request, compared whole."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.auth import origins
from hub.auth.origins import Origin

TABLE: dict[str, list[Any]] = tomllib.loads(
    Path(__file__).with_name("origins.toml").read_text(encoding="utf-8")
)
CASES = TABLE["cases"]
SERIALISED = sorted({allowed for _, allowed, _ in CASES if not allowed.startswith("!")})

junk = st.lists(
    st.sampled_from([*"htps:/@?#*.,-_[]%\\ \r\n\0", "https", "localhost", "a", "9", "ü", "\ud800"])
    | st.characters()
).map("".join)


def labelled(row: list[str]) -> str:
    """Name a case so that its control characters can be read."""
    return ascii(row[0])


@pytest.mark.parametrize(("text", "expected", "_"), CASES, ids=map(labelled, CASES))
def test_an_origin_to_allow_is_read_or_refused_with_the_cure(
    text: str, expected: str, _: str
) -> None:
    """What can be allowed is stored in its one serialised form; the rest says what to write."""
    if expected.startswith("!"):
        with pytest.raises(ValueError, match=re.escape(expected[1:])):
            origins.parse_allowed(text)
    else:
        assert origins.parse_allowed(text).text == expected


@pytest.mark.parametrize(("text", "_", "expected"), CASES, ids=map(labelled, CASES))
def test_the_origin_of_a_request_is_read_or_counts_as_none(
    text: str, _: str, expected: str
) -> None:
    """A header that no key could allow, or that no browser writes, is no origin."""
    origin = origins.parse_request([text])

    assert (origin.text if origin else "") == expected


@pytest.mark.parametrize(("allowed", "sent", "expected"), TABLE["matches"])
def test_a_page_is_let_in_only_by_its_very_own_origin(
    allowed: str, sent: str, *, expected: bool
) -> None:
    """Scheme, host and port decide together, in each other's normal form."""
    origin = origins.parse_request([sent])

    assert (origin is not None and origins.allows([origins.parse_allowed(allowed)], origin)) == (
        expected
    )


def test_one_of_several_allowed_origins_is_enough_and_none_lets_nobody_in() -> None:
    """The list of a key is a choice; an empty one allows nothing."""
    allowed = [origins.parse_allowed(text) for text in ("https://a.com", "https://b.com")]
    page = origins.parse_request(["https://b.com"])

    assert page
    assert origins.allows(allowed, page)
    assert not origins.allows(allowed[:1], page)
    assert not origins.allows([], page)


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["https://a.com", "https://a.com"],
        ["https://a.com", "https://b.com"],
        ["https://a.com", ""],
        ["https://a.com, https://a.com"],
        ["https://" + "a." * 200 + "com"],
        ["https://" + "a" * 100_000],
        ["https://b\xc3\xbccher.example"],
        ["https://\ud800.com"],
    ],
)
def test_a_missing_doubled_or_endless_header_is_no_origin(values: list[str]) -> None:
    """Exactly one header, of a sensible length, in ASCII."""
    assert origins.parse_request(values) is None


@pytest.mark.parametrize("sent", ["https://A.com:443", "https://a.com", "HTTP://Localhost:80"])
def test_the_header_is_repeated_as_it_was_sent(sent: str) -> None:
    """A browser compares the answer with its own text; equality does not look at that text."""
    origin = origins.parse_request([sent])

    assert origin
    assert origin.sent == sent
    assert origin == origins.parse_allowed(origin.text)
    assert hash(origin) == hash(origins.parse_allowed(origin.text))


@pytest.mark.parametrize("text", SERIALISED)
def test_the_serialised_form_is_stable(text: str) -> None:
    """What is stored reads back as itself, and is what a browser sends."""
    assert origins.parse_allowed(text).text == text
    assert origins.parse_request([text]) == origins.parse_allowed(text)


def test_a_name_of_253_characters_is_the_longest() -> None:
    """The limits of the name system hold for the whole name as well."""
    longest = "https://" + ".".join(["a" * 63] * 3 + ["a" * 61])

    assert origins.parse_allowed(longest).text == longest
    with pytest.raises(ValueError, match="host"):
        origins.parse_allowed(longest + "a")
    with pytest.raises(ValueError, match="at most 300"):
        origins.parse_allowed("https://" + "ü" * 100_000)


@given(text=junk)
@example(text="https://[")
@example(text="https://]")
@example(text="https://[::1%]")
@example(text="https://xn--")
@example(text="https://\u0130.com")
def test_no_text_makes_reading_fail_in_another_way(text: str) -> None:
    """A request is an origin or None, a wish an origin or a ValueError; both fit a header."""
    sent = origins.parse_request([text])
    try:
        wished: Origin | None = origins.parse_allowed(text)
    except ValueError:
        wished = None

    assert sent is None or sent == wished
    assert sent is None or re.fullmatch(r"[!-~]+", sent.sent)
    assert wished is None or re.fullmatch(r"[a-z]+://[a-z0-9._\[\]:-]+", wished.text)
