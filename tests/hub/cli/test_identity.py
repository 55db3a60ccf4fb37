"""`clonvo key identity`: the whole life of a secret at a terminal."""

import json

import pytest


@pytest.fixture
def key(at) -> str:
    """A widget key of a business."""
    at("org", "create", "acme", "--name", "Acme")
    made = ("key", "create", "--org", "acme", "--kind", "widget", "--name", "site")
    return json.loads(at(*made, "--origin", "https://www.acme.com", "--json"))["id"]


def test_scripts_see_the_whole_life(at, key: str) -> None:
    """Begin, ask of everybody, rotate with an overlap, off: each prints what holds then."""

    def run(*options: str) -> dict:
        return json.loads(at("key", "identity", key, *options, "--json"))

    none, first, asked = run(), run("--rotate"), run("--mode", "required")
    again, off = run("--rotate", "--overlap"), run("--mode", "off")

    assert none == {"id": key, "mode": "off", "hasSecret": False, "oldSecretUntil": None}
    assert (first["mode"], len(first["secret"])) == ("optional", 43)
    assert asked == {"id": key, "mode": "required", "hasSecret": True, "oldSecretUntil": None}
    assert again["secret"] != first["secret"]
    assert again["oldSecretUntil"].endswith("Z")
    assert (off["mode"], "secret" in off) == ("off", False)


def test_people_get_the_secret_alone_on_standard_output(at, key: str) -> None:
    """`SECRET=$(clonvo key identity KEY --rotate)` works, and it is said once."""
    secret = at("key", "identity", key, "--rotate")

    assert len(secret.strip()) == 43
    told = at("key", "identity", key)
    assert told == f"{key} is optional: a token proves who the visitor is, and none is needed.\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mode", "required"], "--rotate"),
        (["--overlap"], "--rotate"),
    ],
)
def test_what_cannot_be_done_names_the_way_out(refused, key, options, told) -> None:
    """A mode without a secret, an overlap without a rotation."""
    assert told in refused("key", "identity", key, *options)


def test_an_id_that_is_none_is_told(refused, key: str) -> None:
    """The line names the command that lists keys."""
    assert "clonvo key list" in refused("key", "identity", "nonsense")


def test_the_help_teaches(clonvo) -> None:
    """It says what each mode means and where the token's recipe is."""
    told = clonvo("key", "identity", "--help").stdout

    assert all(word in told for word in ("off", "optional", "required", "docs/identity.md"))
