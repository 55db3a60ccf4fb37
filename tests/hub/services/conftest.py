"""A database of each store, and businesses in it."""

from collections.abc import AsyncIterator

import pytest

from hub.sealing import Sealer
from hub.services.organizations import Organizations
from hub.settings import Settings
from hub.store.admin.records import Organization
from hub.store.database import Database
from hub.store.opening import open_database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the schema and no row."""
    opened = open_database(Settings(database_url=database_url))
    yield opened
    await opened.close()


@pytest.fixture
def sealer() -> Sealer:
    """The seal of a hub."""
    return Sealer("a secret of this test alone")


@pytest.fixture
def organizations(database: Database, sealer: Sealer) -> Organizations:
    """The service of businesses."""
    return Organizations(database, sealer)


@pytest.fixture
async def acme(organizations: Organizations) -> Organization:
    """A business."""
    return await organizations.create("acme", "Acme")


@pytest.fixture
async def other(organizations: Organizations) -> Organization:
    """A business that has nothing to do with the first."""
    return await organizations.create("other", "Other")
