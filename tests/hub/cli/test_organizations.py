"""`clonvo org`: what it prints for people and for scripts."""

import json

from hub import ids


def test_a_new_business_is_printed_for_scripts_and_listed(at) -> None:
    """The id is a TypeID; the list holds it."""
    made = json.loads(at("org", "create", "acme", "--name", "Acme", "--json"))

    assert ids.parse("org", made["id"])
    assert made == {"id": made["id"], "slug": "acme", "name": "Acme"}
    [listed] = json.loads(at("org", "list", "--json"))
    assert listed.pop("createdAt").endswith("Z")
    assert listed == made


def test_people_are_told_what_comes_next(at) -> None:
    """A line that can be typed; the list is a table."""
    said = at("org", "create", "acme", "--name", "Acme Ltd")

    assert "clonvo key create --org acme" in said
    lines = at("org", "list").splitlines()
    assert lines[0].split() == ["SLUG", "NAME", "SINCE"]
    assert lines[1].startswith("acme  Acme Ltd  ")


def test_a_taken_and_an_impossible_slug_are_refused(at, refused) -> None:
    """Each in one line."""
    at("org", "create", "acme", "--name", "Acme")

    assert refused("org", "create", "acme", "--name", "x") == "The slug 'acme' is taken"
    assert refused("org", "create", "A b", "--name", " ").startswith("slug: Use 1 to 63")
    assert refused("org", "set", "other", "name=x") == "There is no organization 'other'"


def test_settings_are_set_and_told(at, refused) -> None:
    """By dotted names; wrong ones are named with those that exist."""
    at("org", "create", "acme", "--name", "Acme")

    told = json.loads(at("org", "set", "acme", "privacy.ip=drop", "name=Acme Ltd", "--json"))
    assert told == {"slug": "acme", "name": "Acme Ltd", "settings": {"privacy": {"ip": "drop"}}}
    assert "privacy.ip set" in at("org", "set", "acme", "privacy.ip=")
    wrong = refused("org", "set", "acme", "privacy.pi=drop")
    assert wrong.startswith("privacy.pi: No such setting; there are name, privacy.ip")


def test_a_legacy_secret_is_shown_once(at) -> None:
    """The first is made unasked, another by --rotate; --off and --set show none."""
    at("org", "create", "acme", "--name", "Acme")

    def legacy(*options: str, words: str = "") -> str | None:
        return json.loads(at("org", "legacy-secret", "acme", *options, "--json", words=words))[
            "secret"
        ]

    first, again, rotated = legacy(), legacy(), legacy("--rotate")
    assert again is None
    assert len({first, rotated}) == 2
    assert all(len(secret) > 40 for secret in (first, rotated))
    assert legacy("--set", words="in use elsewhere\n") is None
    assert legacy("--off") is None


def test_people_get_the_secret_alone_on_standard_output(at, clonvo) -> None:
    """What it is stands on standard error, so that `$(...)` holds the secret."""
    at("org", "create", "acme", "--name", "Acme")

    said = at("org", "legacy-secret", "acme")
    assert len(said.split()) == 1
    assert "cannot be shown" in at("org", "legacy-secret", "acme")
    assert "is off" in at("org", "legacy-secret", "acme", "--off")
    assert "was off already" in at("org", "legacy-secret", "acme", "--off")


def test_an_empty_secret_cannot_be_set(at, refused) -> None:
    """An unset variable in a script sets nothing."""
    at("org", "create", "acme", "--name", "Acme")

    assert refused("org", "legacy-secret", "acme", "--set").startswith("secret: Use 6 to 255")
