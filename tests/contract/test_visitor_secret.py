"""`X-Visitor: <id>.<secret>`: kept at first sight, asked for from then on."""

from hashlib import sha256

import httpx
import pytest

from hub.store import tables
from tests.support.app import Api

SECRET = "s" * 22
OTHER = "t" * 22


async def visit(api: Api, header: str | None, visitor_id: str | None = None) -> httpx.Response:
    """Send a message from the widget with this proof and this visitor in the body."""
    headers = {} if header is None else {"X-Visitor": header}
    body = {"body": "hi", "visitor": {} if visitor_id is None else {"visitorId": visitor_id}}
    return await api.widget.post("/widget/messages", json=body, headers=headers)


async def test_the_secret_of_the_first_sight_is_asked_for(api: Api) -> None:
    """The same secret goes on as the same visitor; another one is 403 and stores nothing."""
    first, same, wrong = [await visit(api, f"v_1.{secret}") for secret in (SECRET, SECRET, OTHER)]

    assert [first.status_code, same.status_code, wrong.status_code] == [200, 200, 403]
    assert first.json()["customerId"] == same.json()["customerId"]
    assert wrong.json()["code"] == "visitor_secret_mismatch"
    assert await api.count(tables.message) == 2


async def test_the_secret_itself_is_not_kept(api: Api) -> None:
    """The database holds its sha256."""
    await visit(api, f"v_1.{SECRET}")

    (visitor,) = await api.rows(tables.visitor)
    assert visitor.secret_digest == sha256(SECRET.encode()).hexdigest()


async def test_a_bare_visitor_id_still_sends(api: Api) -> None:
    """As in the reference: without the header the body's visitor id is enough for sending."""
    proved = await visit(api, f"v_1.{SECRET}")
    bare = await visit(api, None, "v_1")

    assert bare.status_code == 200
    assert bare.json()["sessionId"] == proved.json()["sessionId"]


async def test_a_visitor_may_take_a_secret_later(api: Api) -> None:
    """The first secret of a visitor that had none is kept, with the moment it came."""
    await visit(api, None, "v_1")
    taken = await visit(api, f"v_1.{SECRET}")
    wrong = await visit(api, f"v_1.{OTHER}")

    assert [taken.status_code, wrong.status_code] == [200, 403]
    (visitor,) = await api.rows(tables.visitor)
    assert visitor.secret_since >= visitor.created_at


async def test_the_header_names_the_visitor(api: Api) -> None:
    """Another visitor in the body is not spoken for."""
    reply = await visit(api, f"v_1.{SECRET}", "v_2")

    assert reply.json()["visitorId"] == "v_1"


@pytest.mark.parametrize(
    "header", ["", "v_1", "v_1.", f".{SECRET}", "v_1.short", f"v 1.{SECRET}", f"v_1.{SECRET}!"]
)
async def test_an_unreadable_proof_is_told(api: Api, header: str) -> None:
    """400 that names the header, whatever the body says."""
    reply = await visit(api, header, "v_1")

    assert (reply.status_code, list(reply.json()["details"]["fieldErrors"])) == (
        400,
        ["X-Visitor"],
    )


async def test_a_message_of_nobody_is_told(api: Api) -> None:
    """Neither header nor body names a visitor: 400 that names the field."""
    reply = await visit(api, None)

    assert (reply.status_code, list(reply.json()["details"]["fieldErrors"])) == (
        400,
        ["visitor.visitorId"],
    )
