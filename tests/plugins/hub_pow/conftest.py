"""The app in this process, for the tests of this folder."""

from tests.support.app import api, database, lone_api, make_api, shared_postgres, shared_sqlite

__all__ = ["api", "database", "lone_api", "make_api", "shared_postgres", "shared_sqlite"]
