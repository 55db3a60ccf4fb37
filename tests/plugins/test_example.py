"""The example of a plugin in `docs/plugins/example` works as its README says.

It is built and unpacked into a folder of its own, which is all that installing a pure wheel is.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "plugins" / "example"
SECONDS = 100
LAST = 4000


class Site:
    """A folder with the installed plugin, and a copy of its source to test from."""

    def __init__(self, folder: Path) -> None:
        """Build the wheel of the copy, and install it beside."""
        self.source = folder / "source"
        self._packages = folder / "packages"
        ours = shutil.ignore_patterns("__pycache__", ".*_cache")
        shutil.copytree(EXAMPLE, self.source, ignore=ours)
        self.run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
        (wheel,) = folder.glob("clonvo_hub_sms-*.whl")
        zipfile.ZipFile(wheel).extractall(self._packages)

    def run(self, *arguments: str, **environ: str) -> str:
        """Run Python on arguments to its end; return what it printed, raise when it failed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.source,
            env=os.environ | {"PYTHONPATH": str(self._packages)} | environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-LAST:]
        return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The installed example."""
    return Site(tmp_path_factory.mktemp("example"))


def test_its_own_tests_pass(site: Site) -> None:
    """All of them run, against the installed plugin and this hub."""
    printed = site.run("-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert " passed" in printed
    assert "skipped" not in printed


def test_the_hub_sees_it_and_the_hooks_it_uses(site: Site) -> None:
    """`clonvo plugins` lists it with the summary it gives itself."""
    printed = site.run("-m", "hub", "plugins", HUB_PLUGINS="server_ingest,sms")

    (line,) = (line for line in printed.splitlines() if line.split()[:1] == ["sms"])
    assert "Text messages from an imaginary gateway" in printed
    for hook in ("channels", "commands", "message_accepted"):
        assert hook in line


def test_its_command_is_one_of_the_hubs(site: Site) -> None:
    """`clonvo sms connect` makes a connection and tells where the gateway is to call."""
    environ = {"HUB_PLUGINS": "server_ingest,sms", "SMS_SIGNING_SECRET": "s3cret"}
    site.run("-m", "hub", "org", "create", "acme", "--name", "Acme")
    arguments = ("sms", "connect", "--org", "acme", "--number", "+15550001111")
    printed = site.run("-m", "hub", *arguments, **environ)

    assert "/api/v1/channels/sms/cnx_" in printed
