"""A PostgreSQL that follows another one, to be promoted when that one is gone."""

import subprocess
from pathlib import Path

from tests.support.databases import query
from tests.support.postgres import Postgres
from tests.support.processes import NotStartedError, as_account

NAME = "one"


class Standby(Postgres):
    """A streaming standby, made from a running primary; started, it answers what only reads."""

    def __init__(self, primary: Postgres) -> None:
        """Copy the primary, and keep its log for this standby from now on."""
        self._primary = primary
        super().__init__()

    def promote(self) -> None:
        """Take writes from now on."""
        query(self.url(), "SELECT pg_promote()", seconds=30)

    def _initialise(self) -> None:
        command = [self._binaries / "pg_basebackup", "-D", self._data, "-R", "-X", "stream"]
        source = f"host=127.0.0.1 port={self._primary.port} user=hub application_name={NAME}"
        options = ["-C", "-S", NAME, "--checkpoint=fast", "-d", source]
        done = subprocess.run(
            [*command, *options],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder,
            **as_account(self._account),
        )
        if done.returncode:
            raise NotStartedError(f"pg_basebackup: {done.stdout}{done.stderr}")
        self._name_itself(self._data / "postgresql.auto.conf")

    def _name_itself(self, file: Path) -> None:
        # What is written there is the copying program's own name, whatever it was told.
        text = file.read_text(encoding="utf-8")
        mark = "primary_conninfo = '"
        file.write_text(text.replace(mark, f"{mark}application_name={NAME} "), encoding="utf-8")
