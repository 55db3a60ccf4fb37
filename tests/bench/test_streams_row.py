"""The row of streams: a reply that does not come fails it, and its figures are of what came."""

from pathlib import Path

import pytest

from tests.bench.ground import Ground
from tests.bench.load import Failed
from tests.bench.streams import PER_SECOND, delays, open_streams, rank


def test_a_reply_that_does_not_come_fails() -> None:
    """Whatever the others took."""
    with pytest.raises(Failed, match="1 of 2 replies"):
        delays({1: 5, 2: 6}, {1: 7})


def test_delays_are_told_in_milliseconds_and_by_their_rank() -> None:
    """Of a hundred, the 99th percentile is the slowest."""
    sent = dict.fromkeys(range(100), 0)
    found = delays(sent, {number: (number + 1) * 1_000_000 for number in sent})

    assert (found[0], rank(found, 0.5), rank(found, 0.99)) == (1.0, 51.0, 100.0)


@pytest.mark.heavy
@pytest.mark.server
def test_a_real_row_is_measured(tmp_path: Path) -> None:
    """All browsers watch, and each reply reaches its own and the listener."""
    with Ground(tmp_path, 10) as ground:
        found = open_streams(2 * PER_SECOND)(ground, 1)

    assert found.handled == 2 * PER_SECOND
    assert 0 < found.p50 <= found.p99
    assert found.heard > 0
    assert found.kib > 0
