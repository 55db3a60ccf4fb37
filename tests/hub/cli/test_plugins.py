"""`clonvo plugins`: on, off, broken, missing."""

import json

SOURCE = """
from hub.sdk import Plugin, hookimpl
PLUGIN = Plugin(name="quiet", summary="Says nothing")
@hookimpl
def identities(message):
    return []
"""


def test_plugins_are_listed_in_order_with_what_they_do(clonvo, plugin) -> None:
    """Those that are on first, as the setting orders them; a broken one says why."""
    plugin("quiet", SOURCE)
    plugin("broken", "raise RuntimeError('no luck')")

    result = clonvo("plugins", "--json", HUB_PLUGINS="quiet,broken,absent,whatsapp")
    listed = {one["name"]: one for one in json.loads(result.stdout)}

    assert result.exit_code == 0
    assert list(listed)[:3] == ["quiet", "broken", "whatsapp"]
    assert listed["quiet"] == {
        "name": "quiet",
        "state": "on",
        "distribution": "hub-quiet",
        "version": "1.2.3",
        "summary": "Says nothing",
        "hooks": ["identities"],
        "commands": [],
    }
    assert "whatsapp" in listed["whatsapp"]["commands"]
    assert (listed["broken"]["state"], listed["absent"]["state"]) == ("broken", "missing")
    assert "no luck" in listed["broken"]["error"]
    assert listed["widget"]["state"] == "off"


def test_people_read_a_table(clonvo) -> None:
    """A line each."""
    lines = clonvo("plugins", HUB_PLUGINS="widget").stdout.splitlines()

    assert lines[0].split() == ["PLUGIN", "STATE", "HOOKS", "COMMANDS", "WHAT"]
    assert lines[1].split()[:2] == ["widget", "on"]
    assert all(line.split()[1] == "off" for line in lines[2:])
