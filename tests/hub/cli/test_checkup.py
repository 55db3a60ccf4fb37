"""`clonvo doctor`: each thing that can ail, found, named and cured."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.cli import checks
from hub.store.admin import inspection
from tests.support.databases import query
from tests.support.hubs import SECRET
from tests.support.processes import wait_for

PUBLIC = "https://hub.example.com"


@pytest.fixture
def doctor(clonvo):
    """Run `clonvo doctor --json`; return its exit code and the checks by name."""

    def run(**settings: str) -> tuple[int, dict[str, dict]]:
        result = clonvo("doctor", "--json", **settings)
        document = json.loads(result.stdout)
        assert document["ok"] == (result.exit_code == 0)
        return result.exit_code, {check["name"]: check for check in document["checks"]}

    return run


@pytest.fixture
def on_each(doctor, database_url):
    """The same, on a database of each store."""
    return lambda **settings: doctor(
        **{"DATABASE_URL": database_url, "HUB_SECRET": SECRET} | settings
    )


def test_a_hub_that_was_never_started_is_well_and_stays_untouched(doctor, tmp_path) -> None:
    """Nothing is made by looking."""
    code, found = doctor()

    assert code == 0
    assert {check["state"] for check in found.values()} == {"ok"}
    assert "made at the first start" in found["database"]["text"]
    assert list(tmp_path.iterdir()) == []


def test_a_hub_that_runs_is_well(on_each) -> None:
    """Durability and schema are read from the database itself."""
    code, found = on_each()

    assert code == 0
    assert found["database"]["text"].endswith("every commit is on disk")
    assert found["schema"]["state"] == "ok"
    assert found["secret"] == {**found["secret"], "state": "ok", "text": "from HUB_SECRET"}


def test_people_read_a_line_each_with_the_cure_below(clonvo) -> None:
    """State, name, what was found; indented, what to do."""
    lines = clonvo("doctor", GEO_DATABASE="none.mmdb").stdout.splitlines()

    [at] = [number for number, line in enumerate(lines) if line.startswith("fail  geo ")]
    assert "cannot read none.mmdb" in lines[at]
    assert lines[at + 1].strip().startswith("name a MaxMind-format file")


def test_a_wrong_setting_ends_the_check_up_early(doctor) -> None:
    """There is nothing else to look at."""
    code, found = doctor(READ_RATE_PER_MIN="x")

    assert code == 1
    assert list(found) == ["settings"]
    assert found["settings"]["text"].startswith("read_rate_per_min: ")


def test_a_database_that_does_not_answer_fails(doctor) -> None:
    """So does Redis; the rest is still looked at."""
    code, found = doctor(
        DATABASE_URL="postgresql+asyncpg://hub@127.0.0.1:1/hub", REDIS_URL="redis://127.0.0.1:1"
    )

    assert code == 1
    assert (found["database"]["state"], found["redis"]["state"]) == ("fail", "fail")
    assert found["plugins"]["state"] == "ok"


def test_an_empty_postgresql_fails_with_the_command(doctor, postgres_databases) -> None:
    """And one without a secret."""
    with postgres_databases.empty() as url:
        code, found = doctor(DATABASE_URL=url)

    assert code == 1
    assert found["schema"]["cure"] == "run `clonvo migrate`"
    assert (found["secret"]["state"], found["secret"]["text"]) == ("fail", "missing")
    assert "openssl rand" in found["secret"]["cure"]


def test_a_schema_of_a_newer_version_is_no_case_for_a_migration(on_each, database_url) -> None:
    """The cure is that version: this one's `migrate` would refuse as well."""
    _set_schema(database_url, "9999")

    code, found = on_each()

    assert (code, found["schema"]["state"]) == (1, "fail")
    assert found["schema"]["text"].startswith("the schema 9999 is newer")
    assert found["schema"]["cure"] == "install the newer version"


def _set_schema(url: str, version: str) -> None:
    statement = f"UPDATE alembic_version SET version_num = '{version}'"
    if not url.startswith("sqlite"):
        query(url, statement)
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("value", "code", "state", "cure"),
    [
        ("off", 1, "fail", "a crash of the server can lose acknowledged messages: set it back"),
        (
            "local",
            0,
            "warn",
            "the loss of its host can lose what a synchronous standby should have",
        ),
        ("remote_write", 0, "ok", ""),
    ],
)
def test_postgresql_that_does_not_wait_for_its_disks_is_told(
    doctor, postgres_database_url, value, code, state, cure
) -> None:
    """What was found stands in the line: its own disk is a failure, a standby's a warning."""
    name = postgres_database_url.rpartition("/")[2]
    query(postgres_database_url, f'ALTER DATABASE "{name}" SET synchronous_commit = {value}')

    told, found = doctor(DATABASE_URL=postgres_database_url, HUB_SECRET=SECRET)

    assert (told, found["database"]["state"]) == (code, state)
    assert (f"synchronous_commit={value}" in found["database"]["text"]) == (state != "ok")
    assert (found["database"]["cure"] or "").startswith(cure)


def test_a_synchronous_standby_that_is_away_is_told(
    clonvo, doctor, own_postgres, monkeypatch
) -> None:
    """Reads are answered and nothing is stored: the commits that wait for it say so."""
    monkeypatch.setattr(inspection, "SILENT_SECONDS", 0)
    settings = {"DATABASE_URL": own_postgres.url(), "HUB_SECRET": SECRET}
    clonvo("migrate", **settings)
    assert "standby" not in doctor(**settings)[1]
    own_postgres.stop()
    own_postgres.start(synchronous_standby_names="nobody")

    with ThreadPoolExecutor(1) as beside:
        stored = beside.submit(query, own_postgres.url(), "CREATE TABLE t ()", seconds=60)
        waits = "SELECT * FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        assert wait_for(lambda: query(own_postgres.url(), waits), 10)
        code, found = doctor(**settings)
        query(own_postgres.url(), waits.replace("*", "pg_cancel_backend(pid)"))
        stored.result(60)

    assert (code, found["standby"]["state"]) == (1, "fail")
    assert found["standby"]["text"] == "commits that wait for a synchronous standby: 1"


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (5, "warn"), (-60, "fail")])
def test_a_clock_that_is_apart_is_told(seconds: int, state: str) -> None:
    """Ahead or behind; beyond half a minute it fails."""
    theirs = datetime.now(UTC) + timedelta(seconds=seconds)

    [finding] = checks._clock("database", theirs)
    assert finding.state == state


def test_the_clocks_of_database_and_redis_are_compared(
    doctor, postgres_database_url, redis_url
) -> None:
    """Of real servers on this host: no second apart."""
    code, found = doctor(DATABASE_URL=postgres_database_url, REDIS_URL=redis_url, HUB_SECRET=SECRET)

    assert code == 0
    assert found["clock"]["state"] == "ok"
    assert found["redis"]["text"].startswith("Redis ")


def test_a_redis_that_forgets_counters_is_told() -> None:
    """An eviction policy matters when there is a limit to evict at."""
    facts = {"redis_version": "7", "maxmemory": 1, "maxmemory_policy": "allkeys-lru"}

    states = [
        next(checks._redis_facts(facts | other)).state
        for other in ({}, {"maxmemory": 0}, {"maxmemory_policy": "noeviction"})
    ]
    assert states == ["warn", "ok", "ok"]


def test_localhost_on_a_live_key_is_told_in_production_alone(on_each, at) -> None:
    """Not in development, and not of a key that is revoked."""
    at("org", "create", "acme", "--name", "Acme")
    command = ("key", "create", "--org", "acme", "--kind", "widget", "--name", "x", "--json")
    made = json.loads(at(*command, "--origin", "http://localhost:3000"))

    assert on_each()[1]["origins"]["state"] == "ok"
    code, found = on_each(HUB_BASE_URL=PUBLIC)
    assert (code, found["origins"]["state"]) == (0, "warn")
    at("key", "revoke", made["id"])
    assert on_each(HUB_BASE_URL=PUBLIC)[1]["origins"]["state"] == "ok"


def test_a_short_or_another_secret_is_told(on_each, at, clonvo, database_url) -> None:
    """Short: a warning. One that does not open what is kept: a failure."""
    at("org", "create", "acme", "--name", "Acme")
    words = ("--org", "acme", "--phone-number-id", "1", "--waba-id", "2", "--verify-token", "t")
    connected = clonvo(
        *("whatsapp", "connect", *words, "--display-phone", "+15551234567"),
        DATABASE_URL=database_url,
        HUB_SECRET=SECRET,
        WHATSAPP_ACCESS_TOKEN="token",
        WHATSAPP_APP_SECRET="secret",
    )
    assert connected.exit_code == 0, connected.stderr

    assert on_each()[1]["secret"]["state"] == "ok"
    code, found = on_each(HUB_SECRET="short")
    assert (code, found["secret"]["state"]) == (1, "fail")
    assert "encrypted under another one" in found["secret"]["text"]


def test_a_short_secret_is_a_warning(on_each) -> None:
    """It works, and can be guessed."""
    code, found = on_each(HUB_SECRET="short")

    assert (code, found["secret"]["state"]) == (0, "warn")


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({}, "ok"),
        ({"HUB_BASE_URL": PUBLIC}, "ok"),
        ({"HUB_BASE_URL": "http://localhost:8000"}, "ok"),
        ({"HUB_BASE_URL": "http://hub.example.com"}, "warn"),
    ],
)
def test_a_public_address_without_tls_is_told(doctor, settings, state) -> None:
    """Browsers refuse a secure cookie there."""
    assert doctor(**settings)[1]["address"]["state"] == state


def test_a_folder_for_logs_that_is_none_fails(doctor, tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "logs").write_text("a file")

    assert doctor(LOG_DIR="logs")[1]["logs"]["state"] == "fail"
    assert doctor(LOG_DIR="other")[1]["logs"]["state"] == "ok"


def test_broken_and_missing_plugins_fail_and_foreign_tables_are_told(
    doctor, plugin, tmp_path: Path
) -> None:
    """Each by its name."""
    plugin("broken", "raise RuntimeError('no luck')")
    (tmp_path / "hub.toml").write_text("[plugin.stranger]\nx = 1\n")

    code, found = doctor(HUB_PLUGINS="widget,broken,absent", HUB_CONFIG="hub.toml")

    assert code == 1
    assert found["plugins"]["text"] == "widget"
    assert "no luck" in found["plugin broken"]["text"]
    assert "no plugin named 'absent'" in found["plugin absent"]["text"]
    assert found["plugin stranger"]["state"] == "warn"
