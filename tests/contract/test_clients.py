"""Clients of the API that public generators make from its OpenAPI document."""

import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.hubs import Hub
from tests.support.node import NODE, NPM, run

SECONDS = 300
BIN = Path(sys.executable).parent
TYPESCRIPT = Path(__file__).with_name("typescript")
PACKAGE = "generated_client"

CALLS = """
import type { paths } from "./hub";

type List = paths["/api/v1/messages"]["get"];
const query: NonNullable<List["parameters"]["query"]> = { limit: 2, direction: "inbound" };
type Page = List["responses"][200]["content"]["application/json"];
export const bodies = (page: Page): string[] => page.data.map((message) => message.body);
export const name = (page: Page): string | null => page.data[0].customer.displayName;
export const most: number | undefined = query.limit;
"""


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    """A running hub on its embedded database, with one business."""
    hub = make_hub()
    hub.command("org", "create", "acme", "--name", "Acme")
    hub.start()
    return hub


@pytest.fixture
def document(hub: Hub, tmp_path: Path) -> Path:
    """The hub's document, in a file."""
    path = tmp_path / "openapi.json"
    path.write_bytes(httpx.get(f"{hub.url}/schema/openapi.json").content)
    return path


@pytest.fixture
def python_client(document: Path, tmp_path: Path) -> Iterator[str]:
    """What the generator of a Python client says; its package can be imported."""
    said = _run(
        "openapi-python-client",
        "generate",
        "--meta=none",
        f"--path={document}",
        f"--output-path={tmp_path / PACKAGE}",
        folder=tmp_path,
    )
    sys.path.insert(0, str(tmp_path))
    yield said
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_python_client_is_generated_without_a_word_and_works(hub: Hub, python_client: str) -> None:
    """It sends a message, reads it back with its types, and understands a refusal."""
    assert python_client.startswith("Generating ")
    assert len(python_client.splitlines()) == 1, python_client
    key = json.loads(
        hub.command("key", "create", "--org=acme", "--kind=server", "--name=client", "--json")
    )["key"]
    models = _of("models")
    client = _of("client").AuthenticatedClient(base_url=hub.url, token=key)

    with client:
        body = models.ServerMessage(
            body="hi", customer=models.CustomerPart(phone_e164="+15551234567", display_name="Jane")
        )
        accepted = _of("api.messages.post_messages").sync(client=client, body=body)
        message = _of("api.messages.get_message").sync(accepted.id, client=client)
        page = _of("api.events.list_events").sync(client=client, limit=10)
        refused = _of("api.messages.list_messages").sync(client=client, limit=0)

    assert isinstance(message, models.Message)
    assert (message.body, message.customer.display_name) == ("hi", "Jane")
    assert message.direction == "inbound"
    kinds = {type(event).__name__: event for event in page.data}
    assert set(kinds) == {"MessageCreated", "ConversationCreated", "CustomerCreated"}
    assert kinds["MessageCreated"].data == message
    assert isinstance(refused, models.Problem)
    assert list(refused.details.field_errors.additional_properties) == ["limit"]


@pytest.mark.heavy
def test_typescript_types_are_generated_and_hold(document: Path, tmp_path: Path) -> None:
    """The generator warns of nothing, and code written against the types compiles strictly."""
    shutil.copytree(TYPESCRIPT, tmp_path, dirs_exist_ok=True)
    (tmp_path / "calls.ts").write_text(CALLS)
    _run("node", str(NPM), "ci", folder=tmp_path)
    tools = tmp_path / "node_modules" / ".bin"

    said = _run(str(tools / "openapi-typescript"), str(document), "-o", "hub.d.ts", folder=tmp_path)
    compiled = _run(str(tools / "tsc"), "--noEmit", "--strict", "calls.ts", folder=tmp_path)

    assert "warn" not in said.lower()
    assert compiled == ""


def _of(module: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{module}")


def _run(*command: str, folder: Path) -> str:
    """Return all that a command of ours or of Node's says."""
    path = f"{BIN}{os.pathsep}{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    return run(*command, folder=folder, seconds=SECONDS, PATH=path)
