"""`clonvo migrate`, and what the embedded default does by itself."""

import json
import stat
import subprocess
import sys
from itertools import product
from pathlib import Path

from hub.store import schema
from hub.store.sqlite import hold
from tests.support.databases import query
from tests.support.hubs import SECRET, environment
from tests.support.processes import free_port


def test_it_tells_from_where_to_where(clonvo, empty_database_url) -> None:
    """For scripts and people; a second time there is nothing to do."""
    settings = {"DATABASE_URL": empty_database_url}

    done = clonvo("migrate", "--json", **settings)
    assert json.loads(done.stdout) == {"before": None, "after": schema.HEAD}
    assert clonvo("migrate", **settings).stdout == f"The schema is {schema.HEAD} already.\n"


def test_processes_that_migrate_at_once_all_succeed(empty_database_url, tmp_path) -> None:
    """As when many hosts are deployed together: one does it, the others find it done."""
    environ = environment({"DATABASE_URL": empty_database_url})
    command = [sys.executable, "-m", "hub", "migrate", "--json"]
    started = [
        subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [json.loads(process.communicate(timeout=60)[0])["before"] for process in started]

    assert sorted(map(str, answers)) == [schema.HEAD, schema.HEAD, "None"]


def test_every_command_makes_the_embedded_database_first(clonvo, tmp_path) -> None:
    """In `data` below the folder it is run in, which is the owner's alone."""
    assert clonvo("org", "list", "--json").stdout == "[]\n"
    assert (tmp_path / "data" / "hub.db").exists()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_on_postgresql_the_operator_is_told_to_migrate(clonvo, postgres_databases) -> None:
    """No command changes that schema by the way."""
    with postgres_databases.empty() as url:
        result = clonvo("org", "list", DATABASE_URL=url)
        tables = query(url, "SELECT * FROM pg_tables WHERE schemaname = 'public'")

    assert result.exit_code == 1
    assert "run `clonvo migrate`" in result.stderr
    assert tables == []


def test_a_server_of_an_older_version_is_not_migrated_under_its_feet(clonvo, tmp_path) -> None:
    """A newer command beside it says that a server runs; without the server it migrates."""
    clonvo("org", "list")
    file = tmp_path / "data" / "hub.db"
    older = "UPDATE alembic_version SET version_num = '0000'"
    subprocess.run([sys.executable, "-c", _SQL, str(file), older], check=True)

    with hold(file):
        refused = clonvo("org", "list")
    assert refused.exit_code == 1
    assert f"a server runs on {Path('data/hub.db')}: stop it, then run this again" in refused.stderr


_SQL = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(sys.argv[2])
connection.commit()
"""


def test_what_lets_us_not_in_is_told_in_one_line(clonvo, postgres_url, tmp_path) -> None:
    """A database that is not there, a stranger, a port without a server, another kind of file."""
    server, _, name = postgres_url.rpartition("/")
    (tmp_path / "notes.txt").write_text("not a database, " * 100)
    urls = {
        f"{server}/nowhere": 'database "nowhere" does not exist',
        f"{server.replace('//hub@', '//stranger@')}/{name}": 'role "stranger" does not exist',
        "postgresql+asyncpg://hub@127.0.0.1:1/hub": "no answer",
        f"sqlite:///{tmp_path / 'notes.txt'}": "file is not a database",
    }

    commands = (("migrate",), ("org", "list"), ("serve", "--port", str(free_port())))
    for (url, line), command in product(urls.items(), commands):
        result = clonvo(*command, DATABASE_URL=url, HUB_SECRET=SECRET)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.stderr
        assert f"clonvo: database_url: {line}" in result.stderr
