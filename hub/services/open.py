"""Open a hub: what every process does first, web, worker or command."""

from hub.hooks import Hooks
from hub.sealing import open_sealer
from hub.services.hub import Hub
from hub.settings import Settings
from hub.store import schema
from hub.store.database import open_database


async def open_hub(settings: Settings) -> Hub:
    """Open the database, make sure of its schema, load the plugins.

    Raises `SettingError` when one of them cannot be had.
    """
    sealer = open_sealer(settings)
    hooks = Hooks(settings.plugins)
    database = open_database(settings)
    try:
        await schema.ready(settings, database)
        return Hub(settings, database, hooks, sealer)
    except BaseException:
        await database.close()
        raise
