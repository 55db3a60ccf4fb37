"""Every error in the one shape."""

import json
from typing import Any

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import FromPath, FromQuery
from litestar.testing import TestClient
from msgspec import Struct
from structlog.testing import capture_logs

from hub import errors
from hub.api.edge import Edge
from hub.api.problems import handlers, render
from hub.api.request import HubRequest
from hub.fields import Limit, Phone, Since

SUPPORT = "help@hub.example"


class Filter(Struct, frozen=True, rename="camel"):
    """A query."""

    limit: Limit = 50
    phone_e164: Phone | None = None
    since: Since | None = None
    q: str | None = None


class Thing(Struct, frozen=True):
    """A body."""

    name: str


@get("/broken")
async def broken() -> None:
    """Fail in a way nobody expected."""
    raise RuntimeError("secret detail")


@get("/things")
async def list_things(request: HubRequest) -> Filter:
    """Return the query."""
    return request.filters(Filter)


@get("/things/{number:int}")
async def one_thing(number: FromPath[int], size: FromQuery[int]) -> int:
    """Take parameters that Litestar itself reads."""
    return number + size


@post("/things", status_code=200)
async def make_thing(request: HubRequest) -> Thing:
    """Return the body."""
    return await request.struct(Thing)


@pytest.fixture
def client() -> Any:
    """Return a client of a small application with our handlers."""
    app = Litestar(
        [broken, list_things, one_thing, make_thing],
        request_class=HubRequest,
        exception_handlers=handlers(SUPPORT),
    )
    with TestClient(Edge(app, {}, {}, (), SUPPORT), raise_server_exceptions=False) as client:
        yield client


def _problem(reply: Any) -> tuple[int, dict[str, Any]]:
    """Return status and body, once the request's id in it is the header's."""
    body = reply.json()
    assert body.pop("requestId") == reply.headers["x-request-id"]
    return reply.status_code, body


@pytest.mark.parametrize(
    ("error", "status", "body", "headers"),
    [
        (
            errors.Unauthorized(),
            401,
            {"error": "Invalid or revoked API key"},
            {"www-authenticate": "Bearer"},
        ),
        (errors.Forbidden("No", code="wrong"), 403, {"error": "No", "code": "wrong"}, {}),
        (errors.NotFound(), 404, {"error": "Not found"}, {}),
        (
            errors.BadRequest(fields={"body": ["Required"]}),
            400,
            {
                "error": "Validation failed",
                "details": {"fieldErrors": {"body": ["Required"]}, "formErrors": []},
            },
            {},
        ),
        (
            errors.RateLimited(limit=60, window_seconds=60, retry_after=17),
            429,
            {"error": "Rate limit exceeded", "limit": 60, "windowSeconds": 60},
            {"retry-after": "17"},
        ),
        (errors.Unavailable(), 503, {"error": "The hub is busy, try again"}, {"retry-after": "1"}),
        (ValueError("secret"), 500, {"error": "Internal error", "support": SUPPORT}, {}),
    ],
)
def test_error_has_its_status_its_headers_and_the_one_shape(
    error: Exception, status: int, body: dict[str, Any], headers: dict[str, str]
) -> None:
    """The request's id is in every body; what is not ours to tell is not told."""
    got_status, got_headers, raw = render(error, "r1", SUPPORT)

    assert (status, headers | {"content-type": "application/json"}) == (got_status, got_headers)
    assert body | {"requestId": "r1"} == json.loads(raw)


def test_keys_come_in_one_order() -> None:
    """A reader finds the sentence first and the request's id last."""
    raw = render(errors.BadRequest("No", code="c", form=["x"]), "r1")[2]

    assert list(json.loads(raw)) == ["error", "code", "details", "requestId"]


def test_unknown_path_is_404(client: TestClient[Litestar]) -> None:
    """In the same shape as everything."""
    reply = client.get("/nowhere")

    assert _problem(reply) == (404, {"error": "Not found"})


def test_wrong_verb_is_405_and_names_the_right_ones(client: TestClient[Litestar]) -> None:
    """`Allow` is there as RFC 9110 asks."""
    reply = client.delete("/things")

    assert _problem(reply) == (405, {"error": "Method not allowed"})
    assert {"GET", "POST", "OPTIONS"} == set(reply.headers["allow"].split(", "))


def test_unexpected_failure_is_500_without_details_and_is_logged(
    client: TestClient[Litestar],
) -> None:
    """The caller gets where to write, the log gets the exception."""
    with capture_logs() as logs:
        reply = client.get("/broken")

    assert _problem(reply) == (500, {"error": "Internal error", "support": SUPPORT})
    assert [str(line["exc_info"]) for line in logs if "exc_info" in line] == ["secret detail"]


def test_all_bad_parameters_are_named(client: TestClient[Litestar]) -> None:
    """One answer tells everything that is wrong with a query."""
    reply = client.get(
        "/things", params={"limit": "101", "phoneE164": "5", "since": "x", "q": "\0"}
    )

    assert reply.status_code == 400
    assert {"limit", "phoneE164", "since", "q"} == set(reply.json()["details"]["fieldErrors"])


def test_parameters_that_litestar_reads_are_named_too(client: TestClient[Litestar]) -> None:
    """Its own complaint is told in our shape."""
    reply = client.get("/things/1?size=big")

    assert list(reply.json()["details"]["fieldErrors"]) == ["size"]


@pytest.mark.parametrize("query", ["phoneE164=%2B15551234567", "phoneE164=+15551234567"])
def test_plus_of_a_phone_number_may_be_sent_as_it_is(
    client: TestClient[Litestar], query: str
) -> None:
    """An unescaped plus is a space to a form parser; no phone number begins with one."""
    assert client.get(f"/things?{query}").json()["phoneE164"] == "+15551234567"


def test_space_stays_a_space_where_it_can_be_one(client: TestClient[Litestar]) -> None:
    """Only a value that is wrong as it stands is read again."""
    reply = client.get("/things?q=a+b&since=2026-01-31T12:00:00+01:00")

    assert reply.json()["q"] == "a b"
    assert reply.json()["since"].startswith("2026-01-31T12:00:00")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/vnd.api+json", 200),
        (None, 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_body_is_declared_as_json_or_not_at_all(
    client: TestClient[Litestar], content_type: str | None, status: int
) -> None:
    """A form sent by a page of somebody else is refused by its type."""
    headers = {} if content_type is None else {"content-type": content_type}

    reply = client.post("/things", content=b'{"name": "x"}', headers=headers)

    assert status == reply.status_code


def test_too_large_a_body_is_413(client: TestClient[Litestar]) -> None:
    """In the same shape as everything."""
    reply = client.post("/things", content=msgspec.json.encode(Thing("x" * 70_000)))

    assert _problem(reply) == (413, {"error": "The request may have 65536 bytes"})
