"""The Zapier app against a hub that runs: its own tests, by the Node that all of ours use."""

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.hubs import Hub
from tests.support.node import NODE, ROOT, installed, node, run

PLUGIN = ROOT / "plugins" / "hub_zapier"
KEPT = ROOT / ".tools" / "zapier"
TESTS = 67
SECONDS = 100
SETTINGS = {
    # So many calls come from two keys that the usual limits would end them.
    "INGEST_RATE_PER_MIN": "200",
    "READ_RATE_PER_MIN": "2000",
    # The hub posts to the tests, which stand where Zapier does.
    "WEBHOOK_ALLOW_HTTP": "true",
    "WEBHOOK_ALLOW_SUBNETS": "127.0.0.1/32",
}
SHOW = """
const app = require("./index");
const parts = [app.triggers, app.creates, app.searches, app.searchOrCreates];
const labels = parts.flatMap((part) => Object.values(part)).map((part) => part.display.label);
console.log(JSON.stringify(labels));
"""

pytestmark = pytest.mark.server


@pytest.fixture
def app() -> Iterator[Path]:
    """The app beside its packages, outside the tree."""
    folder = installed(PLUGIN / "app", KEPT) / "runs" / uuid.uuid4().hex
    shutil.copytree(PLUGIN / "app", folder, ignore=shutil.ignore_patterns("node_modules"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    """A running hub on its embedded database, with one business."""
    hub = make_hub(**SETTINGS)
    hub.command("org", "create", "acme", "--name", "Acme")
    hub.start()
    return hub


def key(hub: Hub, kind: str, name: str, *more: str) -> str:
    """Make a key of the business."""
    made = hub.command(
        *("key", "create", "--org=acme", "--json", f"--kind={kind}", f"--name={name}"), *more
    )
    return str(json.loads(made)["key"])


def test_the_app_does_all_it_promises_with_a_real_hub(app: Path, hub: Hub) -> None:
    """Connection, triggers, actions, searches, errors and limits, and none of it is left out."""
    files = sorted(path.name for path in (app / "test").glob("*.test.js"))
    environ = {
        "HUB_URL": hub.url,
        "HUB_KEY": key(hub, "server", "Zapier"),
        "HUB_SPARE_KEY": key(hub, "server", "Spare"),
        "HUB_WIDGET_KEY": key(hub, "widget", "Site", "--origin=https://www.example.com"),
    }

    report = run(
        *(str(NODE), "--test", "--test-reporter=tap"),
        *(f"test/{name}" for name in files),
        folder=app,
        seconds=SECONDS,
        **environ,
    )

    counts = {name: int(count) for name, count in re.findall(r"(?m)^# (\w+) (\d+)$", report)}
    assert (counts["tests"], counts["pass"]) == (TESTS, TESTS), report
    assert counts["skipped"] == counts["todo"] == counts["fail"] == 0


def test_the_readme_tells_of_all_that_the_app_can(app: Path) -> None:
    """Each trigger, action and search stands there under the name that Zapier shows."""
    readme = (PLUGIN / "README.md").read_text(encoding="utf-8")
    labels = json.loads(node("-e", SHOW, folder=app))

    assert [label for label in labels if f"**{label}**" not in readme] == []
