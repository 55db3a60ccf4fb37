"""Whatever the OpenAPI document allows or forbids: no answer is a 5xx, and each is as described."""

import hmac
import json
from functools import cache
from hashlib import sha256
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from hub.api.openapi import document
from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.hooks import Hooks
from hub.ids import wire
from hub.sealing import open_sealer
from hub.services.hub import Hub
from hub.settings import Settings
from tests.support.app import Api, MakeApi
from tests.support.client import UNLIMITED
from tests.support.hubs import SECRET

APP_SECRET = "app secret"
SHORT, WHOLE = 150, 5_000
RELAXED: dict[str, Any] = {
    "deadline": None,
    "phases": (Phase.explicit, Phase.generate),
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
NAMES = ("content_type_conformance", "response_schema_conformance", "status_code_conformance")
Call = tuple[schemathesis.Case, bool]
MESSAGE = {"body": "hi", "visitor": {"visitorId": "v_fuzz"}}


@cache
def operations() -> list[Any]:
    """Return the operations of the document; no database is needed to write it."""
    whole = Settings(hub_secret=SECRET)
    nowhere: Any = None
    hub = Hub(whole, nowhere, Hooks(whole.plugins), open_sealer(whole))
    app = create_app(whole, hub, MemoryLimiter())
    written = json.loads(json.dumps(document(app._app, None)))
    return [found.ok() for found in schemathesis.openapi.from_dict(written).get_all_operations()]


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Draw a call of some operation, as the document allows it or not, and if its ids exist.

    It is drawn before the test's coroutine begins: what ends a draw early would end the loop.
    """
    operation = draw(st.sampled_from(operations()))
    mode = draw(st.sampled_from(list(GenerationMode)))
    return draw(operation.as_strategy(mode)), draw(st.booleans())


class Target:
    """An app, and ids that exist in it."""

    def __init__(self, api: Api, known: dict[str, str]) -> None:
        """Ask this app; `known` are ids by the names of path parameters."""
        self._api = api
        self._known = known

    async def answer(self, case: schemathesis.Case, *, exists: bool) -> httpx.Response:
        """Make the call with the credentials that its path asks for."""
        if exists:
            case.path_parameters = {name: self._known[name] for name in case.path_parameters or {}}
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://hub.test")).prepare()
        client = self._api.widget if "/widget/" in case.path else self._api.server
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body
        headers = {k: v for k, v in sent.headers.items() if k.lower() == "content-type"}
        digest = hmac.new(APP_SECRET.encode(), body or b"", sha256).hexdigest()
        headers["X-Hub-Signature-256"] = f"sha256={digest}"
        return await client.request(sent.method, sent.url, content=body, headers=headers)


@pytest.fixture
async def target(make_api: MakeApi) -> Target:
    """An app without limits, on both stores."""
    api = await make_api(**{name.lower(): int(rate) for name, rate in UNLIMITED.items()})
    stored = (await api.server.post("/messages", json=MESSAGE)).json()
    secrets = {"app_secret": APP_SECRET, "verify_token": "t", "access_token": "x"}
    data = {"phone_number_id": "1", "waba_id": "2"}
    kept = await api.hub.kept("whatsapp").put(api.business.id, "1", data, secrets)
    block = await api.hub.blocks.network(api.business.id, "192.0.2.1", "spam")
    wanted = {"url": "https://example.com/fuzz", "events": ["message.created"]}
    hook = (await api.server.post("/hooks", json=wanted)).json()["id"]
    known = {
        "messageId": stored["id"],
        "customerId": stored["customerId"],
        "conversationId": stored["conversationId"],
        "sessionId": stored["sessionId"],
        "connectionId": wire("cnx", kept.id),
        "blockId": wire("blk", block.id),
        "hookId": hook,
        "deliveryId": (await api.server.post(f"/hooks/{hook}/test")).json()["deliveryId"],
    }
    return Target(api, known)


async def assert_answers_well(target: Target, call: Call) -> None:
    """Make one call and hold its answer against the promises."""
    case, exists = call
    reply = await target.answer(case, exists=exists)
    assert reply.status_code < 500, (case, reply.text)
    if reply.status_code >= 400:
        told = reply.json()
        assert isinstance(told["error"], str)
        assert told["requestId"] == reply.headers["x-request-id"]
        if reply.status_code == 400:
            details = told["details"]
            assert details["fieldErrors"] or details["formErrors"]
    case.validate_response(reply, checks=[CHECKS.get_one(name) for name in NAMES])


@settings(max_examples=SHORT, **RELAXED)
@given(call=calls())
async def test_no_call_of_the_schema_is_a_5xx(
    target: Target, call: tuple[schemathesis.Case, bool]
) -> None:
    """150 calls on each store that the document allows or forbids are answered as it says."""
    await assert_answers_well(target, call)


@pytest.mark.heavy
@pytest.mark.timeout(3_000)
@settings(max_examples=WHOLE, **RELAXED)
@given(call=calls())
async def test_no_call_of_ten_thousand_is_a_5xx(
    target: Target, call: tuple[schemathesis.Case, bool]
) -> None:
    """The long form, 5,000 on each store."""
    await assert_answers_well(target, call)
