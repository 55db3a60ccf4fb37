"""How hard the puzzle is for whom, and what solves it."""

from hashlib import sha256
from itertools import count

import pytest

from hub import ids
from hub.errors import SettingError
from hub.sdk import Sender, Settings
from hub_pow.puzzle import PowSettings, difficulty, is_solved, puzzle

OWN = PowSettings(bits=10, most_bits=14, calls=15, newcomers=120)


def sender(calls: int = 0, newcomers: int = 0) -> Sender:
    """Make somebody who comes among so many."""
    return Sender(
        organization_id=ids.new(),
        key_id=ids.new(),
        network="203.0.113.7/32",
        is_new=True,
        calls=calls,
        newcomers=newcomers,
    )


def solution(data) -> str:
    """Find the first number that solves a puzzle, by another way than the check."""
    for number in count():
        digest = sha256(f"{data['salt']}:{number}".encode()).hexdigest()
        if f"{int(digest, 16):0256b}"[: data["bits"]] == "0" * data["bits"]:
            return str(number)
    raise AssertionError


@pytest.mark.parametrize(
    ("calls", "newcomers", "bits"),
    [
        (0, 0, 10),
        (14, 119, 10),
        (15, 0, 11),
        (29, 0, 11),
        (30, 0, 12),
        (60, 0, 13),
        (120, 0, 14),
        (10_000, 0, 14),
        (0, 120, 11),
        (0, 240, 12),
        (15, 480, 13),
    ],
)
def test_each_doubling_is_a_bit_more(calls: int, newcomers: int, bits: int) -> None:
    """Of the network's calls or of the key's newcomers, whichever is more, to the highest."""
    assert difficulty(sender(calls, newcomers), OWN) == bits


def test_it_is_never_easier_than_the_setting() -> None:
    """Also where the highest is set below the lowest."""
    own = PowSettings(bits=12, most_bits=8)

    assert difficulty(sender(), own) == difficulty(sender(1_000), own) == 12


def test_a_solution_solves_its_own_puzzle() -> None:
    """Of 50 puzzles; each has a salt of its own, and one less than the first solution is none."""
    made = [puzzle(8) for _ in range(50)]

    assert len({data["salt"] for data in made}) == 50
    for data in made:
        found = solution(data)
        assert is_solved(data, found)
        assert not any(is_solved(data, str(number)) for number in range(int(found)))


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x1", "٣", "1" * 13, "one", "1\n"]
)
def test_only_a_number_is_an_answer(text: str) -> None:
    """Whatever is no number is refused before it is hashed: there is no puzzle too easy for it."""
    assert not is_solved({"salt": "abc", "bits": 0}, text)


def test_its_settings_are_checked() -> None:
    """A table that says something else stops the start."""
    good = Settings(plugin_settings={"pow": {"bits": 20}})
    bad = Settings(plugin_settings={"pow": {"bits": 60}})

    assert good.of("pow", PowSettings).bits == 20
    with pytest.raises(SettingError, match=r"plugin\.pow\.bits"):
        bad.of("pow", PowSettings)
