"""The hub's secret: made once, the same for all, readable by the owner alone."""

import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import SettingError
from hub.sealing import Sealer, open_sealer, secret_file
from hub.settings import Settings

POSTGRES = "postgresql+asyncpg://hub@127.0.0.1/hub"
MAKE = """
import sys
from hub.sealing import open_sealer
from hub.settings import Settings
print(open_sealer(Settings(database_url=sys.argv[1])).fingerprint("x"))
"""


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """A hub on SQLite that was never started."""
    return Settings(database_url=f"sqlite:///{tmp_path / 'data' / 'hub.db'}")


@given(text=st.text())
def test_what_is_sealed_opens_under_the_same_secret_alone(text: str) -> None:
    """Any text comes back; another secret says which setting is wrong."""
    sealed = Sealer("one").seal(text)

    assert Sealer("one").unseal(sealed) == text
    with pytest.raises(SettingError, match="hub_secret"):
        Sealer("two").unseal(sealed)


def test_a_seal_that_was_changed_does_not_open() -> None:
    """It is authenticated, not only encrypted."""
    sealed = Sealer("one").seal("text")
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]

    with pytest.raises(SettingError):
        Sealer("one").unseal(changed)


def test_a_fingerprint_depends_on_the_hub_and_is_no_bare_hash() -> None:
    """The same text and secret give the same 64 hex digits, and nobody without the secret can."""
    print_ = Sealer("one").fingerprint("legacy")

    assert print_ == Sealer("one").fingerprint("legacy")
    assert print_ != Sealer("two").fingerprint("legacy")
    assert print_ != sha256(b"legacy").hexdigest()
    assert len(bytes.fromhex(print_)) == 32


def test_the_setting_decides_wherever_it_is_set(embedded: Settings) -> None:
    """No file is made beside the database then."""
    settings = Settings(database_url=embedded.database_url, hub_secret="given")

    assert open_sealer(settings).fingerprint("x") == Sealer("given").fingerprint("x")
    assert not secret_file(embedded.database_file).exists()


def test_the_embedded_hub_makes_its_secret_once(embedded: Settings) -> None:
    """Mode 0600, nothing else left behind, and the same from then on."""
    first = open_sealer(embedded).fingerprint("x")
    file = secret_file(embedded.database_file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) >= 40
    assert [path.name for path in file.parent.iterdir()] == ["hub.secret"]
    assert open_sealer(embedded).fingerprint("x") == first


def test_processes_that_start_together_agree(embedded: Settings) -> None:
    """Whoever wins, all read the same whole secret."""
    command = [sys.executable, "-c", MAKE, embedded.database_url]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0] for process in started}

    assert len(answers) == 1
    assert answers.pop().strip() == open_sealer(embedded).fingerprint("x")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("", 0o600, "is empty"),
        ("a secret\n", 0o640, "chmod 600"),
        ("a secret\n", 0o604, "chmod 600"),
        ("s\N{LATIN SMALL LETTER E WITH ACUTE}cret", 0o600, "cannot read"),
    ],
)
def test_a_secret_file_that_cannot_be_trusted_stops_the_start(
    embedded: Settings, text: str, mode: int, words: str
) -> None:
    """It is never replaced: what it sealed could not be opened again."""
    file = secret_file(embedded.database_file)
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)

    with pytest.raises(SettingError, match=words):
        open_sealer(embedded)
    assert file.read_text(encoding="utf-8") == text


def test_on_postgresql_a_missing_secret_stops_the_start() -> None:
    """One line that names the setting and the cure: many processes must share it."""
    with pytest.raises(SettingError, match="HUB_SECRET"):
        open_sealer(Settings(database_url=POSTGRES))
