"""The tests of this folder find what they are there to find: each is shown a widget that is broken.

Either a feature is left out when the script is built, or a line of its source is another one. The
broken script is given to the browser in place of the hub's.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from tests.support.node import ROOT, WIDGET, node

pytestmark = [pytest.mark.heavy, pytest.mark.server, pytest.mark.timeout(240)]

FOLDER = Path(__file__).parent.relative_to(ROOT)
SECONDS = 200


class Line(Struct, frozen=True):
    """A line of the source, and what stands there instead."""

    file: str
    right: str
    wrong: str


LEFT_OUT = {
    "challenge": "test_who.py::test_new_visitor_solves_what_is_asked",
    "contrast": "test_look.py::test_ink_is_read_on_any_colour",
    "events": "test_talk.py::test_business_learns_what_the_visitor_does",
    "identify": "test_who.py::test_page_says_who_its_user_is",
    "inert": "test_look.py::test_on_a_phone_it_is_the_screen",
    "links": "test_talk.py::test_addresses_are_links_and_nothing_else_is",
    "online": "test_sending.py::test_network_that_is_back_ends_the_wait",
    "order": "test_sending.py::test_what_is_written_offline_goes_out_in_order",
    "presence": "test_talk.py::test_business_speaks_in_its_own_words",
    "push": "test_hosts.py::test_commands_may_come_before_it",
    "remount": "test_hosts.py::test_it_survives_what_frameworks_do",
    "reset": "test_stream.py::test_reset_begins_anew_in_every_tab",
    "retryAfter": "test_sending.py::test_limit_is_kept_to",
    "shield": "test_hosts.py::test_shortcuts_of_the_page_do_not_see_what_is_written",
    "strings": "test_direction.py::test_a_language_runs_its_own_way",
    "tabs": "test_stream.py::test_one_tab_of_many_holds_the_stream",
    "typing": "test_talk.py::test_business_learns_what_the_visitor_does",
    "watchdog": "test_stream.py::test_silent_stream_is_dropped",
}
CHANGED = {
    "test_attacks.py::test_replies_are_text": Line(
        "dom.ts",
        "element.append(...children);",
        'for (const one of children) if (typeof one == "string") element.innerHTML += one;'
        " else element.append(one);",
    ),
    "test_hosts.py::test_strict_policy_needs_two_lines": Line(
        "panel.ts",
        "root.adoptedStyleSheets = [sheet];",
        'root.append(make("style", 0, css));',
    ),
    "test_look.py::test_axe_finds_nothing": Line(
        "main.ts", "launcher.ariaLabel =", "launcher.lang ="
    ),
    "test_look.py::test_nothing_moves": Line(
        "style.css",
        "section {\n  display: flex;",
        "section {\n  transition: all 1s;\n  display: flex;",
    ),
    "test_look.py::test_the_page_rests_behind_a_panel_that_covers_it": Line(
        "main.ts", "    resize: update,\n", ""
    ),
    "test_kept.py::test_what_is_refused_is_kept": Line(
        "outbox.ts",
        'mark("failed", () => post(letter));',
        'mark("failed", () => post(letter));\n        keep({ outbox: [] });',
    ),
    "test_kept.py::test_storage_that_is_full_stops_nothing": Line(
        "state.ts", "if (!isFull) memory", "memory"
    ),
    "test_sending.py::test_answer_that_is_lost_is_no_second_message": Line(
        "outbox.ts",
        'call("messages", letter,',
        'call("messages", { ...letter, providerMessageId: "" + tries } as any,',
    ),
    "test_sending.py::test_what_waits_survives_a_reload": Line(
        "main.ts", "outbox: [...(state().outbox ?? []), letter]", "outbox: []"
    ),
    "test_stream.py::test_signs_may_come_in_pieces": Line(
        "live.ts", "part = lines.pop()!;", "part = lines.pop()!.slice(0, 0);"
    ),
    "test_stream.py::test_talk_goes_on_where_it_was": Line(
        "live.ts", '{ "Last-Event-ID": last }', '{ "Last-Event-ID": "" }'
    ),
    "test_talk.py::test_enter_of_an_input_method_does_not_send": Line(
        "main.ts", "event.isComposing || event.keyCode == 229", "false"
    ),
    "test_talk.py::test_nothing_is_asked_or_kept_before_it_is_used": Line(
        "main.ts", "  put();\n  if", "  put(), visitor();\n  if"
    ),
    "test_talk.py::test_talk_goes_both_ways_live": Line(
        "talk.ts", "root.getElementById(id) as Row | null", "null as Row | null"
    ),
    "test_who.py::test_page_that_never_says_it_is_not_waited_for": Line(
        "call.ts", "nap(IDENTITY_SECONDS)", "new Promise(() => {})"
    ),
    "test_who.py::test_proved_user_has_the_talk_on_every_device": Line(
        "call.ts", 'known.identityToken ?? ""', '""'
    ),
}


@pytest.mark.parametrize("feature", LEFT_OUT)
def test_a_feature_that_is_missing_is_found(tmp_path: Path, feature: str) -> None:
    """Left out of the script, it is missed."""
    broken = tmp_path / "widget.js"
    node("build.mjs", "--without", feature, "--out", str(broken))

    _is_found(broken, LEFT_OUT[feature])


@pytest.mark.parametrize("test", CHANGED)
def test_a_line_that_is_wrong_is_found(tmp_path: Path, test: str) -> None:
    """Changed, it is noticed."""
    line, source, broken = CHANGED[test], tmp_path / "widget", tmp_path / "widget.js"
    _copy(source)
    file = source / "src" / line.file
    text = file.read_text()
    assert text.count(line.right) == 1
    file.write_text(text.replace(line.right, line.wrong))
    # A feature that none of these tests needs makes room: the build refuses a script that is long.
    node("build.mjs", "--without", "challenge", "--out", str(broken), folder=source)

    _is_found(broken, test)


def _copy(folder: Path) -> None:
    (folder / "src").mkdir(parents=True)
    for path in (*WIDGET.glob("*.mjs"), *WIDGET.glob("*.json"), *WIDGET.glob("src/*")):
        (folder / path.relative_to(WIDGET)).write_bytes(path.read_bytes())
    (folder / "node_modules").symlink_to(WIDGET / "node_modules")


def _is_found(broken: Path, test: str) -> None:
    """Run a test with the broken script; it has to fail of what it sees."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"{FOLDER}/{test}"],
        cwd=ROOT,
        env=os.environ | {"HUB_TEST_WIDGET": str(broken), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout, done.stdout
    assert "error" not in done.stdout.splitlines()[-1], done.stdout
