"""Bodies, good and broken, through the one decoder."""

import json
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from hub.api.decode import decode
from hub.errors import BadRequest
from hub.fields import Body, Id255, Name200, Phone

DEEP = 30_000


class Customer(Struct, frozen=True, rename="camel"):
    """A part of the body."""

    phone_e164: Phone | None = None
    display_name: Name200 | None = None


class Visitor(Struct, frozen=True, rename="camel"):
    """Another part."""

    visitor_id: Id255 | None = None


class Item(Struct, frozen=True):
    """An element of a list."""

    count: Annotated[int, Meta(ge=1, le=9)]


class Note(Struct, frozen=True, rename="camel"):
    """A body as a channel declares it."""

    at_least_one: ClassVar[tuple[str, ...]] = ("customer.phoneE164", "visitor.visitorId")

    body: Body
    direction: Literal["inbound", "outbound"] = "inbound"
    customer: Customer | None = None
    visitor: Visitor | None = None
    items: list[Item] = []
    extra: dict[str, Any] | None = None


class Range(Struct, frozen=True):
    """A body with a rule of its own."""

    low: int
    high: int
    inner: "Range | None" = None

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards."""
        if self.low > self.high:
            raise ValueError("low must not exceed high")


def _note(**fields: Any) -> bytes:
    return json.dumps({"body": "hi", "visitor": {"visitorId": "v1"}} | fields).encode()


def _refusal(raw: bytes, type_: type[Struct] = Note) -> tuple[dict[str, Any], list[str]]:
    with pytest.raises(BadRequest) as caught:
        decode(type_, raw)
    assert str(caught.value) == "Validation failed"
    return dict(caught.value.fields), list(caught.value.form)


def _outcome(raw: bytes) -> Note | BadRequest:
    try:
        return decode(Note, raw)
    except BadRequest as refusal:
        return refusal


def test_good_body_becomes_its_struct() -> None:
    """Names on the wire are camelCase; defaults fill what is absent."""
    raw = b'{"body": "hi", "customer": {"phoneE164": "+15551234567"}}'

    assert Note("hi", customer=Customer("+15551234567")) == decode(Note, raw)


def test_all_bad_fields_are_reported_at_once() -> None:
    """Fields in every depth and the rule about the whole come in one answer."""
    raw = b"""{"direction": "up", "customer": {"displayName": 5}, "visitor": 7,
               "items": [{"count": 1}, {"count": 10}, {}, 4]}"""

    assert _refusal(raw) == (
        {
            "body": ["Required"],
            "direction": ["Send one of: inbound, outbound"],
            "customer.displayName": ["Send text of 0 to 200 characters"],
            "visitor": ["Send an object"],
            "items.1.count": ["Send a whole number from 1 to 9"],
            "items.2.count": ["Required"],
            "items.3": ["Send an object"],
        },
        ["Send at least one of: customer.phoneE164, visitor.visitorId"],
    )


def test_invalid_identity_is_named_and_not_reported_as_missing() -> None:
    """Whoever sent a bad phone number is told about the number, not to send one."""
    raw = b'{"body": "hi", "customer": {"phoneE164": "0555"}}'

    cure = "Use E.164: + and 7 to 15 digits, like +15551234567"
    assert ({"customer.phoneE164": [cure]}, []) == _refusal(raw)


@pytest.mark.parametrize("nobody", [{}, {"visitor": None}, {"visitor": {"visitorId": None}}])
def test_body_of_nobody_is_a_form_error(nobody: dict[str, Any]) -> None:
    """The rule about the whole also refuses a body whose every field is right."""
    raw = json.dumps({"body": "hi"} | nobody).encode()

    assert _refusal(raw) == ({}, ["Send at least one of: customer.phoneE164, visitor.visitorId"])


def test_null_counts_as_absent_where_a_field_may_be_absent() -> None:
    """Also where the type knows no null, and never where the field is required."""
    assert decode(Note, _note(direction=None, customer=None, items=None)) == decode(Note, _note())
    assert _refusal(_note(body=None)) == ({"body": ["Required"]}, [])


@pytest.mark.parametrize(
    "number",
    ["+1234567", "+123456789012345", "+5547984178525"],
)
def test_phone_numbers_of_7_to_15_digits_pass(number: str) -> None:
    """Nothing stricter than the pattern is asked."""
    assert decode(Note, _note(customer={"phoneE164": number})).customer == Customer(number)


@pytest.mark.parametrize(
    "number",
    [
        "+123456",
        "+1234567890123456",
        "+0234567",
        "1234567",
        "+1234567\n",
        "+12345६७",
        "",
        " +1234567",
    ],
)
def test_other_phone_numbers_are_refused(number: str) -> None:
    """Also with a last line break or with digits of another script."""
    assert "customer.phoneE164" in _refusal(_note(customer={"phoneE164": number}))[0]


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800", r"\udc00", r"\udc00\ud800"])
def test_text_that_no_store_takes_is_a_field_error(escape: str) -> None:
    """NUL and lone surrogates, in text and in what a free-form field holds."""
    raw = (
        f'{{"body": "a{escape}", "visitor": {{"visitorId": "v"}}, "extra": {{"k": ["{escape}"]}}}}'
    )

    assert {"body", "extra"} == set(_refusal(raw.encode())[0])


def test_written_out_escape_is_only_text() -> None:
    """A backslash and u0000 are six characters like any other."""
    assert decode(Note, _note(body=r"\u0000")).body == r"\u0000"


@pytest.mark.parametrize(
    "value",
    [
        '"\\u0000"',
        '"\\ud800"',
        "1e400",
        "9" * 100_000,
        '{"deep": [[[1]]]}',
    ],
)
def test_unknown_fields_hold_what_they_like(value: str) -> None:
    """They are ignored."""
    raw = f'{{"body": "hi", "visitor": {{"visitorId": "v"}}, "unknown": {value}}}'

    assert decode(Note, raw.encode()).body == "hi"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"{",
        b"{'body': 'hi'}",
        b'{"body": "hi"} x',
        b'{"body": "hi", "visitor": {"visitorId": "v"}, "x": NaN}',
        b'{"body": "\xff"}',
        b'{"body": "\xed\xa0\x80"}',
        b'{"body": "a\x00"}',
        b'\xef\xbb\xbf{"body": "hi"}',
        '{"body": "hi"}'.encode("utf-16"),
        b'{"body": "hi", "x": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"x": ' * DEEP,
        b"[" * DEEP,
    ],
    ids=range(18),
)
def test_broken_body_is_one_sentence_about_the_whole(raw: bytes) -> None:
    """Whatever is not a JSON object in UTF-8."""
    fields, form = _refusal(raw)

    assert (fields, len(form)) == ({}, 1)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 20, "9" * 400])
def test_numbers_without_end_are_refused_where_they_would_be_stored(number: str) -> None:
    """A free-form field takes numbers that JSON can write back."""
    raw = f'{{"body": "hi", "visitor": {{"visitorId": "v"}}, "extra": {{"n": {number}}}}}'

    assert _refusal(raw.encode()) == ({"extra": ["Send a smaller number"]}, [])


@pytest.mark.parametrize(("depth", "fits"), [(31, True), (32, False), (900, False)])
def test_free_form_field_is_only_so_deep(depth: int, *, fits: bool) -> None:
    """What could overflow a later step is refused at the door."""
    nested = "[" * depth + "]" * depth
    brackets = ", ".join(["[]"] * 40)
    raw = (
        f'{{"body": "hi", "visitor": {{"visitorId": "v"}}, '
        f'"extra": {{"a": {nested}, "b": [{brackets}]}}}}'
    )

    if fits:
        assert decode(Note, raw.encode()).extra
    else:
        assert _refusal(raw.encode()) == ({"extra": ["Nest no deeper than 32 levels"]}, [])


def test_rule_of_a_struct_speaks_for_itself() -> None:
    """A `ValueError` of the whole is a form error, of a part a field error."""
    assert _refusal(b'{"low": 2, "high": 1}', Range) == ({}, ["low must not exceed high"])
    inner = b'{"low": 1, "high": 2, "inner": {"low": 2, "high": 1}}'
    assert _refusal(inner, Range) == ({"inner": ["low must not exceed high"]}, [])


@given(st.text(max_size=200).filter(lambda text: text and "\0" not in text))
def test_any_text_comes_back_exactly(text: str) -> None:
    """White space, control characters and every script."""
    assert decode(Note, _note(body=text)).body == text


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(raw: bytes) -> None:
    """The decoder answers or refuses with a reason; it never fails."""
    assert isinstance(_outcome(raw), Note | BadRequest)
