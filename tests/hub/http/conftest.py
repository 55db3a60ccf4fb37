"""What the tests of the server ask for."""

from collections.abc import Callable, Iterator

import pytest

from tests.hub.http.running import Running, running


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    """Make real servers over a small app: `serve(head_seconds=1)`."""
    with running() as make:
        yield make
