"""What the faults are done to."""

from tests.support.app import api, database, lone_api, make_api, shared_postgres, shared_sqlite

__all__ = ["api", "database", "lone_api", "make_api", "shared_postgres", "shared_sqlite"]
