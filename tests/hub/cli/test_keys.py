"""`clonvo key`: what it prints for people and for scripts."""

import json

import pytest

from hub import ids
from hub.auth import keys


@pytest.fixture(autouse=True)
def _acme(at) -> None:
    """A business."""
    at("org", "create", "acme", "--name", "Acme")


@pytest.fixture
def make(at):
    """Make a key and return what scripts get."""

    def run(kind: str = "server", *options: str) -> dict:
        command = ("key", "create", "--org", "acme", "--kind", kind, "--name", "x")
        return json.loads(at(*command, *options, "--json"))

    return run


def test_scripts_get_exactly_these_fields(make) -> None:
    """Of a server key and of a widget key, origins in their one form."""
    server = make()
    origins = ("--origin", "https://ACME.com:443", "--origin", "http://localhost:3000")
    widget = make("widget", *origins)

    assert ids.parse("key", server["id"])
    assert keys.parse(server["key"]).kind == "server"
    assert {**server, "id": 0, "key": 0} == {
        "id": 0,
        "key": 0,
        "kind": "server",
        "organization": "acme",
        "allowedOrigins": [],
    }
    assert keys.parse(widget["key"]).kind == "widget"
    assert widget["allowedOrigins"] == ["https://acme.com", "http://localhost:3000"]


def test_people_get_the_key_alone_on_standard_output(at) -> None:
    """`KEY=$(clonvo key create ...)` works."""
    said = at("key", "create", "--org", "acme", "--kind", "server", "--name", "backend")

    assert keys.parse(said.strip())


def test_the_list_shows_state_and_never_a_secret(at, make) -> None:
    """For scripts and people: revoked, expiring and living ones."""
    revoked, ends, lives = make(), make("server", "--days", "30"), make()
    at("key", "revoke", revoked["id"])

    for_scripts = at("key", "list", "--org", "acme", "--json")
    listed = {one["id"]: one for one in json.loads(for_scripts)}
    assert list(listed) == [lives["id"], ends["id"], revoked["id"]]
    assert listed[revoked["id"]]["revokedAt"].endswith("Z")
    assert listed[ends["id"]]["expiresAt"].endswith("Z")
    assert listed[lives["id"]]["prefix"] == lives["key"][:12]
    for_people = at("key", "list")
    assert [line.split()[-3] for line in for_people.splitlines()[2:]] != []
    states = {line.split()[0]: line for line in for_people.splitlines()}
    assert "revoked" in states[revoked["id"]]
    assert "until " in states[ends["id"]]
    assert "lives" in states[lives["id"]]
    for secret in (revoked["key"], ends["key"], lives["key"]):
        assert secret not in for_scripts + for_people


def test_rotation_keeps_the_id_and_shows_the_new_secret(at, make) -> None:
    """The same fields as at creation."""
    old = make()

    new = json.loads(at("key", "rotate", old["id"], "--json"))
    assert {**new, "key": 0} == {**old, "key": 0}
    assert new["key"] != old["key"]
    assert keys.parse(at("key", "rotate", old["id"], "--overlap").strip())


def test_revoking_tells_when_and_for_whom(at, make) -> None:
    """Twice is the same."""
    made = make()

    first = json.loads(at("key", "revoke", made["id"], "--json"))
    assert json.loads(at("key", "revoke", made["id"], "--json")) == first
    assert first["id"] == made["id"]
    assert "is revoked" in at("key", "revoke", made["id"])


def test_what_is_refused_says_why(at, make, refused) -> None:
    """Origins, unknown keys, dead keys, unknown businesses."""
    made = make()
    at("key", "revoke", made["id"])
    widget = ("key", "create", "--org", "acme", "--kind", "widget", "--name", "x")

    assert refused(*widget).startswith("allowedOrigins: A widget key needs")
    assert "Wildcards are not allowed" in refused(*widget, "--origin", "https://*.acme.com")
    assert "revoked or expired" in refused("key", "rotate", made["id"])
    assert refused("key", "revoke", ids.wire("key", ids.new())) == "There is no such key"
    assert refused("key", "list", "--org", "other") == "There is no organization 'other'"
