"""`clonvo demo`: everything to play with, the same each time."""

import json
import shlex
import signal
import stat
import sys
import urllib.request
from pathlib import Path

import pytest

from hub.auth import keys
from hub.cli import demo
from hub.cli.bakery import EMAIL, SETTINGS, SLUG, Bakery, open_bakery
from hub.cli.desk import Desk
from hub.cli.desk import run as at_desk
from tests.support.hubs import SECRET, environment
from tests.support.processes import Process, free_port


@pytest.fixture
def bakery(database_url: str, monkeypatch):
    """Open the demo business on a database of each store."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_SECRET", SECRET)
    return lambda port=8000: at_desk(lambda desk: open_bakery(desk, port))


async def _settings(desk: Desk) -> tuple[str | None, str | None]:
    settings = (await desk.organizations.by_slug(SLUG)).settings
    return settings.greeting, settings.away


async def _opens(desk: Desk, bakery: Bakery) -> tuple[bool, ...]:
    business = await desk.organizations.by_slug(SLUG)
    found = [
        await desk.keys.by_plaintext(business.id, key)
        for key in (bakery.server_key, bakery.widget_key)
    ]
    return (*map(bool, found), bool(await desk.users.verify(EMAIL, bakery.password)))


def _answer(curl: str) -> dict:
    """Do what a printed line does, without curl."""
    program, *words = shlex.split(curl)
    assert (program, words[0]) == ("curl", "-s")
    options = list(zip(words[2::2], words[3::2], strict=True))
    headers = dict(value.split(": ", 1) for name, value in options if name == "-H")
    body = next((value.encode() for name, value in options if name == "-d"), None)
    request = urllib.request.Request(words[1].replace("localhost", "127.0.0.1"), body, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_a_business_an_owner_and_a_key_of_each_kind(bakery) -> None:
    """All of it opens; the widget key is for this port."""
    made = bakery()

    assert at_desk(lambda desk: _opens(desk, made)) == (True, True, True)
    assert keys.parse(made.server_key).kind == "server"
    assert keys.parse(made.widget_key).kind == "widget"


def test_it_greets_and_what_the_owner_changed_stays(bakery, at) -> None:
    """The greeting is set when the business is made, and not again."""
    bakery()
    assert at_desk(_settings) == (SETTINGS["greeting"], SETTINGS["away"])

    at("org", "set", SLUG, "greeting=Moin", "away=")
    bakery()
    assert at_desk(_settings) == ("Moin", None)


def test_again_it_makes_nothing_twice(bakery, at, database_url) -> None:
    """Whatever is printed opens; on SQLite, where a file keeps it, it is the same as before."""
    first = bakery()

    second = bakery()

    assert at_desk(lambda desk: _opens(desk, second)) == (True, True, True)
    assert len(json.loads(at("key", "list", "--json"))) == 2
    assert len(json.loads(at("org", "list", "--json"))) == 1
    assert (second == first) == database_url.startswith("sqlite")


def test_another_port_is_allowed_as_well(bakery, at) -> None:
    """The page on the first port goes on working."""
    bakery(8000)
    bakery(8001)

    [widget] = [one for one in json.loads(at("key", "list", "--json")) if one["kind"] == "widget"]
    assert widget["allowedOrigins"] == ["http://localhost:8000", "http://localhost:8001"]


def test_what_was_revoked_or_lost_is_made_anew(bakery, at) -> None:
    """A revoked key, a changed password, a file that is not ours."""
    first = bakery()
    for one in json.loads(at("key", "list", "--json")):
        at("key", "revoke", one["id"])
    at_desk(lambda desk: desk.users.set_password(EMAIL, "changed by hand"))

    second = bakery()
    assert at_desk(lambda desk: _opens(desk, second)) == (True, True, True)
    assert at_desk(lambda desk: _opens(desk, first)) == (False, False, False)
    for file in Path.cwd().glob("demo.json"):
        file.write_text("nonsense")
    third = bakery()
    assert at_desk(lambda desk: _opens(desk, third)) == (True, True, True)


def test_the_credentials_beside_the_database_are_the_owners_alone() -> None:
    """Mode 0600, even where a wider file stood before."""
    file = Path("data/demo.json")
    file.parent.mkdir()
    file.write_text("{}")
    file.chmod(0o644)

    made = at_desk(lambda desk: open_bakery(desk, 8000))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.server_key in file.read_text()


def test_the_command_prints_what_to_type_and_it_works(tmp_path: Path) -> None:
    """Sent and read back with the printed lines; nothing stands before the greeting."""
    port = str(free_port())
    command = [sys.executable, "-m", "hub", "demo", "--port", port]
    log = tmp_path / "log"
    process = Process(command, log=log, environ=environment({}), cwd=tmp_path)
    try:
        process.wait_until(lambda: "Ctrl-C" in log.read_text() and _is_served(port), 30)
        text = log.read_text()
        send, read, _ = [line.strip() for line in text.splitlines() if " curl " in line]
        sent = _answer(send)
        [message] = _answer(read)["data"]
        code = process.stop(signal.SIGINT)
    finally:
        process.kill()

    assert text.lstrip().startswith("Clonvo Hub ")
    assert "\x1b" not in text
    assert f"http://localhost:{port}/api/v1" in text
    assert EMAIL in text
    assert (message["id"], message["body"]) == (sent["id"], "Is there any rye bread left?")
    assert (code, "Traceback" in log.read_text()) == (0, False)


def _is_served(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_without_a_port_the_next_free_one_is_taken(monkeypatch) -> None:
    """A newcomer's port 8000 is often taken by something else."""
    monkeypatch.setattr(demo, "is_free", lambda _, port: port == 8002)
    assert demo._port("127.0.0.1", None) == 8002
