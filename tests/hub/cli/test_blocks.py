"""`clonvo block`: what it prints for people and for scripts."""

import json

import pytest

from hub import ids


@pytest.fixture(autouse=True)
def _acme(at) -> None:
    """A business."""
    at("org", "create", "acme", "--name", "Acme")


@pytest.fixture
def key(at) -> str:
    """The id of a widget key of the business."""
    origin = ("--origin", "https://acme.com")
    made = at(
        "key", "create", "--org", "acme", "--kind", "widget", "--name", "x", *origin, "--json"
    )
    return json.loads(made)["id"]


@pytest.fixture
def add(at):
    """Block; return what scripts get."""

    def run(*options: str) -> dict:
        return json.loads(
            at("block", "add", "--org", "acme", "--reason", "spam", *options, "--json")
        )

    return run


def test_scripts_get_exactly_these_fields(add, key) -> None:
    """Of a network and of a visitor."""
    network, visitor = add("--network", "203.0.113.9"), add("--key", key, "--visitor", "v_1")

    assert ids.parse("blk", network["id"])
    assert {**network, "id": 0, "createdAt": 0} == {
        "id": 0,
        "organization": "acme",
        "keyId": None,
        "visitorId": None,
        "network": "203.0.113.9/32",
        "reason": "spam",
        "createdAt": 0,
        "expiresAt": None,
    }
    assert (visitor["keyId"], visitor["visitorId"], visitor["network"]) == (key, "v_1", None)


def test_the_list_shows_who_is_kept_out_until_when(at, add, key) -> None:
    """For scripts and people, the newest first."""
    network = add("--network", "2001:db8::/48", "--days", "7")
    visitor = add("--key", key, "--visitor", "v_1")

    assert json.loads(at("block", "list", "--org", "acme", "--json")) == [visitor, network]
    lines = {line.split()[0]: line for line in at("block", "list").splitlines()[1:]}
    assert "2001:db8::/48" in lines[network["id"]]
    assert network["expiresAt"][:10] in lines[network["id"]]
    assert "visitor v_1" in lines[visitor["id"]]
    assert "spam" in lines[visitor["id"]]


def test_people_read_what_was_done(at, key) -> None:
    """Who is kept out of what, until when, and by which id one takes it back."""
    made = ("block", "add", "--org", "acme", "--network", "203.0.113.0/24", "--reason", "x")

    said = at(*made, "--days", "1").strip()
    gone = at("block", "remove", said.rpartition(" ")[2])

    assert said.startswith("203.0.113.0/24 is kept out of the widgets of acme until 2")
    assert gone.strip().endswith("is removed.")
    assert json.loads(at("block", "list", "--json")) == []


def test_removing_is_told_to_scripts(at, add) -> None:
    """The id, and that it is gone."""
    made = add("--network", "203.0.113.9")

    assert json.loads(at("block", "remove", made["id"], "--json")) == {
        "id": made["id"],
        "removed": True,
    }


def test_a_long_list_is_whole(at, add, monkeypatch) -> None:
    """More than a page of it."""
    monkeypatch.setattr("hub.cli.blocks._PAGE", 2)
    made = [add("--network", f"203.0.113.{number}")["id"] for number in range(5)]

    assert [one["id"] for one in json.loads(at("block", "list", "--json"))] == made[::-1]


def test_what_is_refused_says_why(add, refused, key) -> None:
    """Neither, half, or both of the two forms; networks too large; ids of other things."""
    whole = ("block", "add", "--org", "acme", "--reason", "x")
    network, visitor = ("--network", "203.0.113.0/24"), ("--key", key, "--visitor", "v_1")

    for wrong in ((), ("--key", key), ("--visitor", "v_1"), (*network, *visitor)):
        assert refused(*whole, *wrong, code=2).startswith("Name either --network, or")
    assert refused(*whole, "--network", "203.0.0.0/8").startswith("network: Use an IPv4 network")
    assert "is not the id of a key" in refused(*whole, "--key", "key_x", "--visitor", "v", code=2)
    unknown = ids.wire("key", ids.new())
    assert refused(*whole, "--key", unknown, "--visitor", "v").startswith("keyId: ")
    assert "is not the id of a block" in refused("block", "remove", "blk_1", code=2)
    assert refused("block", "remove", ids.wire("blk", ids.new())) == "There is no such block"
