"""The page for customers says what the code says."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from hub import contracts, errors, ids
from hub.api import cors, exchange
from hub.api.resources import HANDLERS
from hub.events import catalogue
from hub.sdk_testing import open_trial
from hub.settings import BUNDLED, Settings
from hub.store.read.records import ConversationStatus
from hub.wire import ServerMessage
from tests.docs import pages
from tests.docs.pages import ROOT

PAGE = pages.DOCS / "api.md"
# Litestar's own refusal, in our words.
NOT_ALLOWED = ("405", "Method not allowed")
# Kinds of ids that nothing makes yet.
TO_COME = {"hook", "dlv"}
# Errors of commands, which no call of the API meets.
OFF_THE_WIRE = {"already_member", "slug_taken", "not_sent"}


def raised_codes() -> Iterator[str]:
    """Yield the stable codes that the code gives to errors."""
    for path in [*(ROOT / "hub").rglob("*.py"), *(ROOT / "plugins").glob("hub_*/*.py")]:
        if "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield keyword.value.value


def test_every_error_is_told_with_its_text() -> None:
    """Status and text of each error are the code's."""
    told = {tuple(row[:2]) for row in pages.rows(PAGE, "## Errors") if row[0].isdecimal()}
    ours = {(str(error.status), error.text) for error in errors.HubError.__subclasses__()} | {
        (str(errors.HubError.status), errors.HubError.text)
    }

    assert told == ours | {NOT_ALLOWED}


def test_every_code_is_told() -> None:
    """Each stable code that a call can meet has its row."""
    told = {row[0] for row in pages.rows(PAGE, "## Errors") if not row[0].isdecimal()}

    assert told == set(raised_codes()) - OFF_THE_WIRE


def test_every_endpoint_is_told(tmp_path: Path) -> None:
    """The tables and the OpenAPI document name the same endpoints."""
    with open_trial(tmp_path, BUNDLED) as hub:
        document = hub.get("/schema/openapi.json").json()
    served = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1")
    }
    tables = [*pages.rows(PAGE, "## Read"), *pages.rows(PAGE, "## Hooks")]
    told = {row[0] for row in tables if " /api/v1" in row[0]}

    assert len(served) > len(HANDLERS)
    assert told == served


def test_every_field_of_a_message_is_told() -> None:
    """The table of the body names each field by its path."""
    told = {name for row in pages.rows(PAGE, "## Send a message") for name in row[0].split(", ")}
    paths = set()
    for field in ServerMessage.__struct_encode_fields__:
        if field == "customer":
            paths |= {"customer.phoneE164", "customer.displayName"}
        elif field == "visitor":
            parts = ("visitorId", "externalUserId", "externalEmail", "externalName")
            paths |= {f"visitor.{part}" for part in (*parts, "path", "referer")}
        else:
            paths.add(field)

    assert paths <= told


def test_every_header_is_told() -> None:
    """What the edge, the errors and CORS put on an answer has its row, with its value."""
    told = {row[0].lower(): row[2] for row in pages.rows(PAGE, "## Headers")}
    exposed = cors._EXPOSED.decode()

    assert {name.strip().lower() for name in exposed.split(",")} <= set(told)
    assert told["access-control-expose-headers"] == exposed
    assert told["access-control-max-age"] == cors._PREFLIGHT["access-control-max-age"]
    for name, value in exchange._SAFETY:
        assert told[name.decode()] == value.decode()


def test_every_limit_is_told_with_its_default() -> None:
    """Number and setting of each bucket are the code's."""
    defaults = Settings()
    told = [
        (row[2].lower(), int(row[1].replace(",", ""))) for row in pages.rows(PAGE, "## Rate limits")
    ]
    rates = {name for name in Settings.__struct_fields__ if name.endswith("_per_min")}

    assert {name for name, _ in told} == rates
    assert [getattr(defaults, name) for name, _ in told] == [number for _, number in told]


def test_every_event_is_told_with_its_data() -> None:
    """The catalogue's kinds, and what each is about."""
    told = {row[0]: row[1] for row in pages.rows(PAGE, "### Events")}

    assert set(told) == set(catalogue.BY_NAME)
    for name, kind in catalogue.BY_NAME.items():
        if name != catalogue.CUSTOMER_IDENTITY_CONFLICT:
            assert told[name] == f"the {kind.subject}"


def test_every_kind_of_id_is_told() -> None:
    """Each prefix that an id can have."""
    told = {row[0].rstrip("_") for row in pages.rows(PAGE, "### Ids")}

    assert told == set(get_args(ids.Kind)) - TO_COME


def test_every_status_is_told() -> None:
    """Statuses of messages and of conversations."""
    told = {word for row in pages.rows(PAGE, "### Replies") for word in row[0].split(", ")}

    assert told == set(get_args(contracts.MessageStatus))
    (row,) = (row for row in pages.rows(PAGE, "## Read") if row[0].startswith("PATCH"))
    for status in get_args(ConversationStatus):
        assert status in row[1]


@pytest.mark.parametrize("heading", ["## Errors", "## Headers", "### Ids"])
def test_a_table_is_read_as_it_stands(heading: str) -> None:
    """The reader of tables finds rows, so that no check above passes over nothing."""
    assert len(list(pages.rows(PAGE, heading))) > 5
