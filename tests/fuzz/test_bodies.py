"""Broken, hostile and odd bodies: refused in the one shape with every bad field, or taken whole."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from hub.api import body as bodies
from hub.store import tables
from tests.support.app import Api, MakeApi
from tests.support.client import UNLIMITED

PERSON = b'"visitor":{"visitorId":"v_1"}'
GOOD = b'{"body":"hi",' + PERSON + b"}"
NESTED = 30_000
PATHS = ("/messages", "/ingest", "/widget/messages")


def holding(value: bytes, name: bytes = b"unknown") -> bytes:
    """Return a good body with one field more."""
    return b'{"body":"hi","' + name + b'":' + value + b"," + PERSON + b"}"


def with_text(text: bytes) -> bytes:
    """Return a body with these bytes as its text."""
    return b'{"body":"' + text + b'",' + PERSON + b"}"


NOT_JSON = {
    "empty": b"",
    "white space": b" \n ",
    "half": GOOD[:-1],
    "trailing junk": GOOD + b"x",
    "two bodies": GOOD + GOOD,
    "invalid UTF-8": with_text(b"\xff"),
    "overlong UTF-8": with_text(b"\xc0\xaf"),
    "a surrogate in UTF-8": with_text(b"\xed\xa0\x80"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "gzip": gzip.compress(GOOD),
    "a raw NUL": with_text(b"\x00"),
    "a raw line break": with_text(b"\n"),
    "NaN": holding(b"NaN", b"providerMessageId"),
    "infinity": holding(b"-Infinity", b"providerMessageId"),
    "single quotes": b"{'body':'hi'}",
    "a comment": b"/* */" + GOOD,
    "null": b"null",
    "a list": b"[]",
    "a text": b'"hi"',
    "a number": b"7",
    "open brackets": b"[" * NESTED,
    "closed brackets": b"[" * NESTED + b"]" * NESTED,
    "brackets in a field": holding(b"[" * NESTED + b"]" * NESTED, b"providerMessageId"),
    "open braces": b'{"a":' * 10_000,
}
BAD_FIELDS = {
    "a number as text": (b'{"body":7,' + PERSON + b"}", {"body"}),
    "no text": (b'{"body":null,' + PERSON + b"}", {"body"}),
    "empty text": (with_text(b""), {"body"}),
    "a list as text": (b'{"body":["hi"],' + PERSON + b"}", {"body"}),
    "a text as object": (b'{"body":"hi","visitor":"v"}', {"visitor"}),
    "a list as object": (b'{"body":"hi","visitor":[]}', {"visitor"}),
    "an escaped NUL": (with_text(b"a\\u0000b"), {"body"}),
    "a lone surrogate": (with_text(b"\\ud800"), {"body"}),
    "a number beyond floats": (holding(b"1e400", b"providerMessageId"), {"providerMessageId"}),
    "60,000 digits": (holding(b"9" * 60_000, b"providerMessageId"), {"providerMessageId"}),
    "two bad fields": (
        b'{"body":7,"providerMessageId":8,' + PERSON + b"}",
        {"body", "providerMessageId"},
    ),
}
FINE = {
    "an unknown field": holding(b'{"a":[1,2,{"b":null}]}'),
    "null for what may be absent": holding(b"null", b"providerMessageId"),
    "a huge number nobody asked for": holding(b"1e300"),
    "10,000 unknown fields": b'{"body":"hi",'
    + b"".join(b'"%d":0,' % number for number in range(5_000))
    + PERSON
    + b"}",
    "the last of two": b'{"body":"no","body":"hi",' + PERSON + b"}",
    "spaces around": b"\r\n\t " + GOOD + b"\n",
}


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """An app without limits."""
    return await make_api(**{name.lower(): int(rate) for name, rate in UNLIMITED.items()})


async def answers(
    api: Api, content: bytes, media: str = "application/json"
) -> list[httpx.Response]:
    """Send a body to every endpoint that takes messages."""
    clients = {"/messages": api.server, "/ingest": api.legacy, "/widget/messages": api.widget}
    headers = {"Content-Type": media}
    return [await clients[path].post(path, content=content, headers=headers) for path in PATHS]


async def test_what_is_no_json_object_is_told(api: Api) -> None:
    """400 with one sentence about the whole, on every endpoint, and nothing is stored."""
    for name, content in NOT_JSON.items():
        for reply in await answers(api, content):
            told: dict[str, Any] = reply.json()
            assert (reply.status_code, told["error"]) == (400, "Validation failed"), name
            assert len(told["details"]["formErrors"]) == 1, (name, told)
            assert told["details"]["fieldErrors"] == {}, (name, told)
            assert told["requestId"] == reply.headers["x-request-id"]

    assert await api.count(tables.message) == 0


async def test_every_bad_field_is_named(api: Api) -> None:
    """400 with exactly the fields that are wrong, whatever is wrong with them."""
    for name, (content, fields) in BAD_FIELDS.items():
        for reply in await answers(api, content):
            told = reply.json()
            assert (reply.status_code, told["error"]) == (400, "Validation failed"), name
            assert set(told["details"]["fieldErrors"]) == fields, (name, told)

    assert await api.count(tables.message) == 0


async def test_what_is_only_odd_is_taken(api: Api) -> None:
    """Unknown fields are ignored, null counts as absent, and of two the last one counts."""
    for name, content in FINE.items():
        for reply in await answers(api, content):
            assert reply.status_code == 200, (name, reply.text)

    assert {row.body for row in await api.rows(tables.message)} == {"hi"}


async def test_brackets_in_an_unknown_field_are_no_fault_of_ours(api: Api) -> None:
    """30,000 of them are ignored or refused; what counts is the one shape and no 5xx."""
    for content in (
        holding(b"[" * NESTED + b"]" * NESTED),
        holding(b'{"a":' * 10_000 + b"0" + b"}" * 10_000),
        holding(b"9" * 60_000),
        holding(b"1e400"),
        holding(b"NaN"),
    ):
        for reply in await answers(api, content):
            assert reply.status_code in {200, 400}, reply.text[:200]
            if reply.status_code == 400:
                assert {"error", "details", "requestId"} <= set(reply.json())


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/vnd.acme+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("", 415),
    ],
)
async def test_only_json_is_taken(api: Api, media: str, status: int) -> None:
    """What is declared as something else is 415 in the one shape."""
    for reply in await answers(api, GOOD, media):
        assert reply.status_code == status
        if status == 415:
            assert set(reply.json()) == {"error", "requestId"}


async def test_64_kib_is_the_most(api: Api) -> None:
    """A body of exactly so much is taken; one byte more is 413 in the one shape."""
    room = 64 * 1024 - len(holding(b'""'))

    fits = await answers(api, holding(b'"' + b"x" * room + b'"'))
    large = await answers(api, holding(b'"' + b"x" * (room + 1) + b'"'))

    assert [reply.status_code for reply in fits] == [200] * 3
    assert [reply.status_code for reply in large] == [413] * 3
    assert {frozenset(reply.json()) for reply in large} == {frozenset({"error", "requestId"})}


async def test_an_endless_body_is_not_read_to_its_end(api: Api) -> None:
    """A chunked body without a length is 413 as soon as it is too large."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 1
            yield b" " * 4096

    reply = await api.server.post(
        "/messages", content=endless(), headers={"Content-Type": "application/json"}
    )

    assert reply.status_code == 413
    assert read <= 17


async def test_a_trickling_body_is_cut_off(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not arrive in time is 408, although bytes keep coming."""
    assert bodies.BODY_SECONDS <= 15
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        for byte in GOOD * 100:
            yield bytes([byte])
            await asyncio.sleep(0.02)

    reply = await asyncio.wait_for(
        api.server.post(
            "/messages", content=trickle(), headers={"Content-Type": "application/json"}
        ),
        5,
    )

    assert (reply.status_code, reply.json()["error"]) == (
        408,
        "The request body did not arrive in time",
    )


async def test_a_long_idempotency_key_is_told(api: Api) -> None:
    """The header stands in for `providerMessageId` and has its size."""
    most = await api.server.post("/messages", content=GOOD, headers={"Idempotency-Key": "k" * 255})
    more = await api.server.post("/messages", content=GOOD, headers={"Idempotency-Key": "k" * 256})
    again = await api.server.post("/messages", content=GOOD, headers={"Idempotency-Key": "k" * 255})

    assert [most.status_code, more.status_code] == [200, 400]
    assert list(more.json()["details"]["fieldErrors"]) == ["Idempotency-Key"]
    assert (again.json()["id"], again.json()["duplicate"]) == (most.json()["id"], True)


async def test_odd_headers_do_no_harm(api: Api) -> None:
    """Control characters, other alphabets and much text in headers are kept or dropped, no 5xx."""
    for text in ("\x1b[31m", "é" * 600, "\t", "'; DROP TABLE message; --", "%00"):
        reply = await api.server.post(
            "/messages",
            content=GOOD,
            headers={
                name: text.encode()
                for name in ("User-Agent", "Referer", "X-Forwarded-For", "X-Request-Id")
            },
        )
        assert reply.status_code == 200, reply.text
        assert text not in reply.headers.values()


async def test_json_escapes_every_way_of_writing_a_text(api: Api) -> None:
    """Escaped and plain writings of one text are one text."""
    text = "Grüße \U0001f600"
    for written in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        content = b'{"body":' + written.encode() + b"," + PERSON + b"}"
        (reply, *_) = await answers(api, content)
        assert (await api.message_of(reply))["body"] == text
