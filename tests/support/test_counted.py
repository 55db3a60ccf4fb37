"""The judge of limits finds one call too many, one that was not noted, and one noted late."""

import pytest

from tests.support.counted import MICROSECONDS, Span, fit, fullest, surely


def instants(*seconds: float) -> list[int]:
    """Return instants in microseconds."""
    return [round(second * MICROSECONDS) for second in seconds]


def test_a_window_loses_a_call_as_it_gains_the_next() -> None:
    """Two calls 60 seconds apart are in no window together; a microsecond less, and they are."""
    assert fullest(instants(0, 60)) == 1
    assert fullest(instants(0, 59.999999)) == 2
    assert fullest(instants(0, 50, 59, 61, 100, 110)) == 4
    assert fullest([]) == 0


def test_only_what_cannot_be_otherwise_is_sure() -> None:
    """A call that may have been counted outside of the window is not held against anybody."""
    spans = [Span(0, 1), Span(58, 59), Span(59, 61)]

    assert surely(spans) == 2
    assert surely([*spans, Span(30, 31)]) == 3


@pytest.mark.parametrize(
    ("noted", "verdict"),
    [
        (instants(0.5, 1.5, 2.5), True),
        (instants(0.9, 1.0, 3.0), True),
        (instants(0.5, 1.5), False),
        (instants(0.5, 1.5, 2.5, 2.6), False),
        (instants(0.5, 1.5, 3.1), False),
        (instants(0.5, 0.6, 2.5), False),
    ],
    ids=["fits", "just fits", "not noted", "not a call", "late", "too early"],
)
def test_each_call_has_an_instant_of_its_own(noted: list[int], *, verdict: bool) -> None:
    """As many instants as calls, each within its call."""
    assert fit(noted, [Span(0, 1), Span(1, 2), Span(0.7, 3)]) is verdict
