"""Text comes back exactly as it was sent, on both stores; what no store takes is told."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.store import tables
from tests.support.app import Api, MakeApi

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
HARD = [
    "\u200d\u202e\u2066\ufeff",
    "e\u0301 \u00e9",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\x01\x1b[31m\x7f\x85",
    " \t\r\n\u2028 ",
    "'\"\\%_$1;--",
    "\U0010ffff\ufffe\ue000",
]
NAMES = ("body", "displayName", "externalUserId")


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """An app whose limits do not matter here."""
    return await make_api(ingest_rate_per_min=100_000, read_rate_per_min=100_000)


async def assert_comes_back(api: Api, text: str) -> None:
    """Send a text as body, name and id, and read it by the API."""
    reply = await api.server.post(
        "/messages",
        json={
            "body": text,
            "customer": {"displayName": text[:200]},
            "visitor": {"externalUserId": text[:255], "path": text},
        },
    )
    assert reply.status_code == 200, reply.text
    stored, session = await api.message_of(reply), await api.session_of(reply)
    customer = stored["customer"]
    assert stored["body"] == text
    assert (customer["displayName"], customer["externalUserId"]) == (text[:200], text[:255])
    assert session["landingPath"] is not None


async def test_hard_texts_come_back(api: Api) -> None:
    """Joiners, bidi marks, combining forms, control characters, noncharacters, SQL's own."""
    for text in HARD:
        await assert_comes_back(api, text)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(CHARACTERS, min_size=1, max_size=300))
@example(text="x" * 16_000)
@example(text="\U0001f600" * 4_000)
async def test_any_text_comes_back(api: Api, text: str) -> None:
    """Every scalar value of Unicode but NUL, and as much of it as the field takes."""
    reply = await api.server.post("/messages", json={"body": text, "visitor": {"visitorId": "v_1"}})

    assert reply.status_code == 200, reply.text
    assert (await api.message_of(reply))["body"] == text


@pytest.mark.parametrize("unfit", ["a\0b", "\ud800", "\udc00\ud800"])
async def test_nul_and_lone_surrogates_are_told(api: Api, unfit: str) -> None:
    """400 that names every field that holds one, on both stores alike, and nothing is stored."""
    body: dict[str, Any] = {
        "body": unfit,
        "customer": {"displayName": unfit},
        "visitor": {"visitorId": unfit, "path": unfit},
        "providerMessageId": unfit,
    }

    reply = await api.server.post("/messages", content=json.dumps(body).encode())

    assert reply.status_code == 400
    assert sorted(reply.json()["details"]["fieldErrors"]) == [
        "body",
        "customer.displayName",
        "providerMessageId",
        "visitor.path",
        "visitor.visitorId",
    ]
    assert await api.count(tables.message) == 0


async def test_a_surrogate_pair_is_a_character(api: Api) -> None:
    """JSON writes what lies beyond the first plane as two escapes (RFC 8259, 7)."""
    content = b'{"body": "\\ud83d\\ude00", "visitor": {"visitorId": "v_1"}}'

    reply = await api.server.post("/messages", content=content)

    assert (await api.message_of(reply))["body"] == "\U0001f600"


async def test_sizes_are_counted_in_characters(api: Api) -> None:
    """Every field takes exactly as many as documented, four-byte ones too, and not one more."""
    wide = "\U0001f600"
    most = {"body": 16_000, "externalUserId": 255, "externalEmail": 320, "externalName": 200}
    for name, length in most.items():
        for size, status in ((length, 200), (length + 1, 400)):
            text = ("x" if name == "body" else wide) * size
            body = {"body": "hi", "visitor": {"visitorId": "v_1", name: text}}
            if name == "body":
                body = {"body": text, "visitor": {"visitorId": "v_1"}}
            reply = await api.server.post("/messages", json=body)
            assert reply.status_code == status, (name, size, reply.text[:200])
