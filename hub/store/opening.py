"""Which store it is: the settings say."""

from hub.settings import Settings
from hub.store.database import BatchDatabase, Database
from hub.store.postgres import PostgresDatabase
from hub.store.sqlite import SqliteDatabase


def open_database(settings: Settings) -> BatchDatabase:
    """Open the database that the settings name."""
    if settings.embedded:
        return SqliteDatabase(settings.database_file)
    return PostgresDatabase(settings.database_url)


def tend(database: Database) -> None:
    """Begin what the store needs now and then as long as a server has it open."""
    if isinstance(database, SqliteDatabase):
        database.tend()
