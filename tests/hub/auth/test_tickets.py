"""A ticket is good for its visitor, its minutes and its hub, and for nothing else."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from hub import ids
from hub.auth.tickets import LIFE_SECONDS, Tickets
from hub.sealing import Sealer

SECRET = "a secret of this test alone, and long"
KEY, OTHER = ids.new(), ids.new()
DATA = {"salt": "abc", "bits": 17}


class Now:
    """A clock that stands."""

    seconds = 1_000_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.seconds


@pytest.fixture
def now() -> Now:
    """The time."""
    return Now()


@pytest.fixture
def tickets(now) -> Tickets:
    """The tickets of a hub."""
    return Tickets(Sealer(SECRET).mark, now)


def test_what_was_written_is_read(tickets, now) -> None:
    """By another process of the same hub too; two tickets are never the same."""
    text = tickets.write("pow", DATA, KEY, "v_1")
    other = Tickets(Sealer(SECRET).mark, now)

    ticket = other.read(text, KEY, "v_1")

    assert (ticket.plugin, ticket.data, ticket.ends_at) == ("pow", DATA, now() + LIFE_SECONDS)
    assert "." not in text
    assert ticket.nonce != tickets.read(tickets.write("pow", DATA, KEY, "v_1"), KEY, "v_1").nonce


def test_it_is_one_visitors(tickets) -> None:
    """Neither a namesake of another key nor another visitor can use it."""
    text = tickets.write("pow", DATA, KEY, "v_1")

    assert tickets.read(text, OTHER, "v_1") is None
    for name in ("v_2", "v_", "v_11", ""):
        assert tickets.read(text, KEY, name) is None


def test_it_ends(tickets, now) -> None:
    """To the second."""
    text = tickets.write("pow", DATA, KEY, "v_1")

    now.seconds += LIFE_SECONDS - 1
    assert tickets.read(text, KEY, "v_1")
    now.seconds += 1
    assert tickets.read(text, KEY, "v_1") is None


def test_it_is_this_hubs(tickets, now) -> None:
    """Another secret has written nothing of ours."""
    foreign = Tickets(Sealer("a secret of somebody else's hub").mark, now)

    assert tickets.read(foreign.write("pow", DATA, KEY, "v_1"), KEY, "v_1") is None


def test_no_bit_of_it_can_be_changed(tickets) -> None:
    """Whatever bit is turned, and wherever it is cut, it is no ticket."""
    text = tickets.write("pow", DATA, KEY, "v_1")
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))

    for place in range(len(raw) * 8):
        turned = bytearray(raw)
        turned[place // 8] ^= 1 << place % 8
        assert tickets.read(urlsafe_b64encode(turned).decode().rstrip("="), KEY, "v_1") is None
    for length in range(len(raw)):
        cut = urlsafe_b64encode(raw[:length]).decode().rstrip("=")
        assert tickets.read(cut, KEY, "v_1") is None


def test_a_name_cannot_take_over_a_part_of_the_ticket(tickets) -> None:
    """What is vouched for is told apart: the end of the ticket is not the beginning of a name."""
    raw = urlsafe_b64decode(tickets.write("pow", DATA, KEY, "v_1") + "==")
    shorter = urlsafe_b64encode(raw[:-1]).decode().rstrip("=")

    assert tickets.read(shorter, KEY, chr(raw[-1]) + "v_1") is None


@pytest.mark.parametrize("text", ["", "x", "A" * 5, "=", "é", "A" * 5000, "A" * 40, "-_" * 30])
def test_what_is_none_is_none(tickets, text) -> None:
    """And no error."""
    assert tickets.read(text, KEY, "v_1") is None
