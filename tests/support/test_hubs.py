"""A hub of the tests is the command an operator types, with nothing of the caller's environment."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.hubs import Hub

MakeHub = Callable[..., Hub]


def status(hub: Hub, path: str = "/health/live") -> int:
    """Return the status of one GET."""
    connection = http.client.HTTPConnection(urlsplit(hub.url).netloc, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_command_works_on_the_hubs_database(make_hub: MakeHub, sqlite_url: str) -> None:
    """`command` returns what the command printed."""
    hub = make_hub(DATABASE_URL=sqlite_url)

    made = json.loads(hub.command("org", "create", "acme", "--name", "Acme", "--json"))

    assert made["slug"] == "acme"


def test_a_failing_command_fails_the_test_with_its_words(
    make_hub: MakeHub, sqlite_url: str
) -> None:
    """Exit codes other than 0 are not passed over."""
    with pytest.raises(AssertionError, match="nosuch"):
        make_hub(DATABASE_URL=sqlite_url).command("nosuch")


def test_the_callers_settings_do_not_reach_the_hub(
    make_hub: MakeHub, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A developer's own `DATABASE_URL` or configuration is left alone."""
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "nosuch.toml"))

    assert make_hub(DATABASE_URL=sqlite_url).command("org", "list").startswith("SLUG")


def test_a_killed_hub_comes_back_at_its_address(make_hub: MakeHub, sqlite_url: str) -> None:
    """`start` returns when the hub is ready, `kill` when every process of it is gone."""
    hub = make_hub(DATABASE_URL=sqlite_url)
    hub.start()
    family = psutil.Process(hub.process.pid).children(recursive=True)
    address = hub.url
    assert status(hub) == 200

    hub.process.kill()
    with pytest.raises(ConnectionRefusedError):
        status(hub)
    assert [process for process in family if process.is_running()] == []
    hub.start()

    assert (hub.url, status(hub)) == (address, 200)
