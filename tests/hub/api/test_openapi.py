"""The OpenAPI document: complete, of one piece, and true."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from hub.api.edge import Edge
from hub.api.openapi import document
from tests.hub.api.conftest import Business

# Pages for people and machines of the operator, plugins' files, and a provider's plain question.
UNDESCRIBED = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/docs.css"),
    ("GET", "/metrics"),
    ("GET", "/widget.js"),
    ("HEAD", "/widget.js"),
    ("GET", "/schema/openapi.json"),
    ("GET", "/api/v1/channels/whatsapp/{connectionId}/webhook"),
}
VERBS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One store: the document does not depend on it."""
    return sqlite_url


@pytest.fixture
def served(app: Edge) -> Litestar:
    """The routes that are served."""
    inner = app._app
    assert isinstance(inner, Litestar)
    return inner


@pytest.fixture
def described(served: Litestar) -> dict[str, Any]:
    """The document."""
    return document(served, "https://hub.example.com")


async def test_document_is_served_without_a_key(
    bakery: Business, described: dict[str, Any]
) -> None:
    """Generators fetch it; without a configured address it names none."""
    reply = await bakery.client.get("http://hub/schema/openapi.json", headers={"authorization": ""})

    assert reply.json() == described | {"servers": [{"url": "/"}]}


def _descriptions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("description"), str):
            yield node["description"]
        yield from (text for part in node.values() for text in _descriptions(part))
    elif isinstance(node, list):
        yield from (text for part in node for text in _descriptions(part))


async def test_no_description_shows_how_its_source_is_indented(described: dict[str, Any]) -> None:
    """Four spaces at the beginning of a line would be a block of code to whoever renders it."""
    texts = list(_descriptions(described))

    assert any("\n" in text for text in texts)
    assert [text for text in texts if re.search("^ ", text, re.MULTILINE)] == []


async def test_every_route_is_described(served: Litestar, described: dict[str, Any]) -> None:
    """Whoever adds an endpoint describes it, or says here why not."""
    routes = {
        (str(method), re.sub(r"_([a-z])", lambda m: m[1].upper(), route.path_format))
        for route in served.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS"}
    }
    told = {(verb.upper(), path) for path, verb, _ in _operations(described)}

    assert told | UNDESCRIBED == routes | UNDESCRIBED
    assert not told & UNDESCRIBED


async def test_operations_have_ids_of_their_own(described: dict[str, Any]) -> None:
    """camelCase, one tag each that the document lists."""
    operations = [operation for _, _, operation in _operations(described)]
    names = [operation["operationId"] for operation in operations]
    tags = {tag["name"] for tag in described["tags"]}

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(?:[A-Z][a-z]*)+", name) for name in names)
    assert all(len(operation["tags"]) == 1 for operation in operations)
    assert {operation["tags"][0] for operation in operations} <= tags


async def test_every_refusal_is_the_one_problem(described: dict[str, Any]) -> None:
    """Whatever the status, except of the endpoint that tells which part is ill."""
    refusals = {
        response["content"]["application/json"]["schema"]["$ref"]
        for path, _, operation in _operations(described)
        for status, response in operation["responses"].items()
        if status >= "400" and path != "/health/ready"
    }

    assert refusals == {"#/components/schemas/Problem"}


async def test_endpoints_with_a_key_tell_what_they_refuse(described: dict[str, Any]) -> None:
    """And how many calls are left."""
    for path, _, operation in _operations(described):
        if path.startswith("/api/v1"):
            assert {"400", "401", "403", "429", "500"} <= set(operation["responses"])
            assert "Retry-After" in operation["responses"]["429"]["headers"]
        if {"serverKey": []} in operation["security"]:
            assert "X-RateLimit-Remaining" in operation["responses"]["200"]["headers"]


async def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    """And no schema is left over."""
    references = {node["$ref"] for node in _nodes(described) if "$ref" in node}
    known = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers")
        for name in described["components"][kind]
    }

    assert references == known


async def test_replies_are_always_complete(described: dict[str, Any]) -> None:
    """What is null is there, so that a generated client has no field that may be missing."""
    schemas = described["components"]["schemas"]

    for name in ("Message", "Customer", "Conversation", "Session", "SavedCustomer", "Me"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"])


async def test_fields_say_what_their_source_says(described: dict[str, Any]) -> None:
    """The sentence below a field of a Struct is its description, inherited fields included."""
    schemas = described["components"]["schemas"]

    seq = schemas["Message"]["properties"]["seq"]
    assert seq["description"] == "Counts in its conversation, without gaps."
    assert "description" in schemas["SavedCustomer"]["properties"]["created"]


async def test_answers_are_as_described(bakery: Business, described: dict[str, Any]) -> None:
    """Real answers of every reading endpoint fit their schemas, errors too."""
    place = await bakery.say("hi", visitor={"visitorId": "v1", "externalUserId": "u_42"})
    ids = {
        "messageId": place["id"],
        "customerId": place["customerId"],
        "conversationId": place["conversationId"],
        "sessionId": place["sessionId"],
        "hookId": await _hook(bakery),
    }

    checked = 0
    for path, verb, operation in _operations(described):
        if verb == "get":
            reply = await bakery.client.get(f"http://hub{path.format(**ids)}")
            assert _faults(described, operation, reply) == [], path
            checked += 1
    refused = await bakery.client.get("/messages", params={"limit": 0})
    operation = described["paths"]["/api/v1/messages"]["get"]
    assert _faults(described, operation, refused) == []
    assert checked > 10


async def _hook(business: Business) -> str:
    """Make a hook that has been sent something, and return its id."""
    wanted = {"url": "https://example.com/hook", "events": ["message.created"]}
    made: str = (await business.client.post("/hooks", json=wanted)).json()["id"]
    await business.post(f"/hooks/{made}/test")
    return made


async def test_what_is_not_as_described_would_be_seen(
    bakery: Business, described: dict[str, Any]
) -> None:
    """The check above can fail."""
    reply = await bakery.client.get("/me")
    described["components"]["schemas"]["Me"]["properties"]["ok"] = {"type": "string"}

    assert _faults(described, described["paths"]["/api/v1/me"]["get"], reply) != []


def _faults(described: dict[str, Any], operation: Any, reply: Any) -> list[str]:
    content = operation["responses"][str(reply.status_code)]["content"]
    schema = {**content["application/json"]["schema"], "components": described["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(reply.json())]


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for verb in item.keys() & VERBS:
            yield path, verb, item[verb]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for part in node.values():
            yield from _nodes(part)
    if isinstance(node, list):
        for part in node:
            yield from _nodes(part)
