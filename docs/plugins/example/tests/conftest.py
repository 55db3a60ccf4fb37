"""The kit of `hub.sdk_testing`, and which plugins its hub has."""

import pytest

from hub_sms.tally import TALLY

pytest_plugins = ["hub.sdk_testing"]


@pytest.fixture
def hub_plugins():
    """The plugin under test, and the one that takes messages from backends."""
    return ["server_ingest", "sms"]


@pytest.fixture(autouse=True)
def _fresh_tally():
    TALLY.counts.clear()
