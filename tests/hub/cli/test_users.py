"""`clonvo user`: a password from standard input, or made and shown once."""

import json

import pytest

from hub import ids


@pytest.fixture(autouse=True)
def _acme(at) -> None:
    """A business."""
    at("org", "create", "acme", "--name", "Acme")


def test_without_a_password_one_is_made_and_shown_once(at) -> None:
    """Alone on standard output."""
    said = at("user", "create", "ada@acme.com", "--org", "acme", "--role", "owner")

    assert len(said.split()) == 1
    assert len(said.strip()) >= 16


def test_a_given_password_is_not_repeated(at) -> None:
    """A line break at its end is the shell's."""
    command = ("user", "create", "ada@acme.com", "--org", "acme", "--role", "agent", "--json")

    made = json.loads(at(*command, words="correct horse\n"))
    assert ids.parse("usr", made.pop("id"))
    assert made == {
        "email": "ada@acme.com",
        "role": "agent",
        "organization": "acme",
        "password": None,
    }


def test_what_is_refused_says_why(at, refused) -> None:
    """A short password, a second membership, a role that is none."""
    command = ("user", "create", "ada@acme.com", "--org", "acme", "--role", "owner")

    assert refused(*command, words="short").startswith("password: Use 8 to")
    at(*command)
    assert refused(*command) == "ada@acme.com is a member already"
    assert "'king'" in refused(*command[:-1], "king", code=2)
