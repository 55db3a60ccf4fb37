"""The ledger finds each way in which a store can be wrong: a checker that cannot fail is none."""

import pytest
from msgspec.structs import replace

from tests.support.ledger import Found, Ledger

GOOD = [Found(f"m{number}", f"msg_{number}", f"body {number}") for number in range(3)]
EMPTY = {"lost", "phantom", "doubled", "altered", "drifted"}


@pytest.fixture
def ledger() -> Ledger:
    """A book of three messages: two were acknowledged, one was sent without an answer."""
    book = Ledger()
    for item in GOOD:
        book.attempt(item.name, item.body)
    for item in GOOD[:2]:
        book.answer(item.name, item.message_id)
    return book


def test_a_faithful_store_is_clean(ledger: Ledger) -> None:
    """What nobody answered may be there or not."""
    assert ledger.judge(GOOD).clean
    assert ledger.judge(GOOD[:2]).clean
    assert ledger.answered == 2


@pytest.mark.parametrize(
    ("fault", "found", "name"),
    [
        ("lost", GOOD[1:], "m0"),
        ("phantom", [*GOOD, Found("m9", "msg_9", "boo")], "m9"),
        ("altered", [*GOOD[:2], replace(GOOD[2], body="body 2 ")], "m2"),
        ("drifted", [replace(GOOD[0], message_id="msg_7"), *GOOD[1:]], "m0"),
    ],
)
def test_an_unfaithful_store_is_found(
    ledger: Ledger, fault: str, found: list[Found], name: str
) -> None:
    """Losing, inventing, changing and renaming are each told, with the message, and only that."""
    verdict = ledger.judge(found)

    assert getattr(verdict, fault) == {name}
    assert not any(getattr(verdict, other) for other in EMPTY - {fault})
    assert not verdict.clean


def test_a_double_is_found(ledger: Ledger) -> None:
    """Twice under two ids is a double and a drift; twice the very same row is a double too."""
    twice = ledger.judge([*GOOD, replace(GOOD[2], message_id="msg_8")])

    assert (twice.doubled, twice.drifted) == ({"m2"}, {"m2"})
    assert ledger.judge([*GOOD, GOOD[2]]).doubled == {"m2"}


def test_two_answers_with_two_ids_are_found(ledger: Ledger) -> None:
    """A retry that was told another id is a drift, whatever is stored."""
    ledger.answer("m1", "msg_other")

    assert ledger.judge(GOOD).drifted == {"m1"}
