"""`clonvo serve` and `clonvo worker`: what they say before they run, and when they cannot."""

import asyncio
import signal
import socket

import asyncpg
import httpx
import pytest

from hub.cli import serving
from hub.settings import Settings
from hub.store.sqlite import hold
from tests.support.databases import query
from tests.support.hubs import SECRET
from tests.support.processes import wait_for


@pytest.fixture
def taken():
    """A port of 127.0.0.1 that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def _is_one_line(result, line: str) -> bool:
    return (result.exit_code, result.stdout) == (1, "") and result.stderr.startswith(
        f"clonvo: {line}"
    )


def test_an_empty_hub_says_how_to_begin_and_serves(make_hub) -> None:
    """Once there is a business it says nothing of it."""
    hub = make_hub()
    hub.start()
    assert "clonvo org create" in hub.process.words()
    assert f"Clonvo Hub serves http://localhost:{hub.port}" in hub.process.words()
    hub.process.stop()

    hub.command("org", "create", "acme", "--name", "Acme")
    hub.start()
    assert "clonvo org create" not in hub.process.words()


def test_commands_write_beside_a_server_that_runs(make_hub) -> None:
    """On one SQLite file: short transactions, and the server sees them."""
    hub = make_hub()
    hub.start()

    for number in range(3):
        hub.command("org", "create", f"acme-{number}", "--name", "Acme")
    assert hub.command("org", "list").count("acme-") == 3


def test_the_processes_of_a_server_count_together(
    make_hub, postgres_database_url, tmp_path
) -> None:
    """Whichever of them is asked for the figures answers for both; nothing of them is left."""
    hub = make_hub(DATABASE_URL=postgres_database_url, TMPDIR=str(tmp_path))
    hub.start("--workers", "2")
    for _ in range(10):
        assert httpx.get(f"{hub.url}/health/live").status_code == httpx.codes.OK

    figures = {httpx.get(f"{hub.url}/metrics").text for _ in range(10)}

    line = 'hub_requests_total{method="GET",route="/health/live",status="200"} 10.0'
    assert all(line in text for text in figures), figures
    assert len(list(tmp_path.glob("hub-metrics-*"))) == 1
    hub.process.stop()
    assert list(tmp_path.glob("hub-metrics-*")) == []


@pytest.fixture
def narrow_url(postgres_database_url):
    """A PostgreSQL database for a role that may have five connections."""
    query(postgres_database_url, "CREATE ROLE narrow LOGIN CONNECTION LIMIT 5 IN ROLE hub")
    yield postgres_database_url.replace("hub@", "narrow@")
    kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'narrow'"
    query(postgres_database_url, kill)
    query(postgres_database_url, "DROP ROLE narrow")


def test_more_processes_than_connections_are_told_before_anything_runs(clonvo, narrow_url) -> None:
    """One line: how many are needed, how many there are, what to change."""
    settings = {"DATABASE_URL": narrow_url, "HUB_SECRET": SECRET}

    result = clonvo("serve", "--workers", "4", "--port", str(_free()), **settings)

    assert _is_one_line(result, "database_url: a hub of 4 processes uses up to 32"), result.stderr
    assert "needs 8; PostgreSQL gives 5: raise the CONNECTION LIMIT" in result.stderr
    assert signal.SIGHUP not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


async def test_a_server_that_is_full_for_a_moment_is_waited_for(make_hub, narrow_url) -> None:
    """One process serves, the other starts as soon as there is a connection for it."""
    others = [await asyncpg.connect(narrow_url.replace("+asyncpg", "")) for _ in range(4)]
    hub = make_hub(DATABASE_URL=narrow_url)
    await asyncio.to_thread(hub.start, "--workers", "2")
    opened = '"limits_apart"'
    assert await asyncio.to_thread(wait_for, lambda: "start_waits" in hub.process.words(), 10)
    assert hub.process.words().count(opened) == 1

    for other in others:
        await other.close()

    assert await asyncio.to_thread(wait_for, lambda: hub.process.words().count(opened) == 2, 10)
    assert "Traceback" not in hub.process.words()
    assert hub.process.alive


def test_a_port_that_is_taken_is_told_before_anything_runs(clonvo, taken) -> None:
    """By serve and demo alike."""
    for command in ("serve", "demo"):
        result = clonvo(command, "--port", taken)
        assert _is_one_line(result, f"127.0.0.1:{taken} is in use"), result.stderr


def test_a_second_server_on_one_file_is_refused(clonvo, tmp_path) -> None:
    """Many servers need PostgreSQL."""
    clonvo("org", "create", "acme", "--name", "Acme")

    with hold(tmp_path / "data" / "hub.db"):
        for command in ("serve", "demo"):
            result = clonvo(command, "--port", str(_free()))
            assert _is_one_line(result, "database_url: another server runs on")


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_many_workers_and_a_worker_alone_need_postgresql(clonvo) -> None:
    """SQLite has one process that writes all the time."""
    clonvo("org", "create", "acme", "--name", "Acme")

    many = clonvo("serve", "--workers", "2", "--port", str(_free()))
    assert _is_one_line(many, "SQLite has one server")
    assert _is_one_line(clonvo("worker"), "with SQLite `clonvo serve` does")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_what_stops_the_start_is_one_line(clonvo, plugin, postgres_database_url, command) -> None:
    """A missing secret, a plugin that is not there, one that is broken."""
    plugin("broken", "raise RuntimeError('no luck')")
    url = {"DATABASE_URL": postgres_database_url}

    assert _is_one_line(clonvo(command, **url), "hub_secret: missing")
    for name, line in (("absent", "no plugin named"), ("broken", "'broken' cannot be imported")):
        result = clonvo(command, **url, HUB_SECRET=SECRET, HUB_PLUGINS=name)
        assert _is_one_line(result, f"plugins: {line}"), result.stderr


@pytest.mark.parametrize(
    ("host", "base_url", "told"),
    [
        ("127.0.0.1", None, False),
        ("0.0.0.0", None, True),
        ("0.0.0.0", "http://hub.example.com", True),
        ("0.0.0.0", "https://hub.example.com", False),
    ],
)
def test_plain_http_off_localhost_is_told(capsys, tmp_path, host, base_url, told) -> None:
    """One line on standard error: nobody can sign in there."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    serving.prepare(Settings(database_url=url, hub_base_url=base_url), host, _free())

    assert ("Plain http off localhost" in capsys.readouterr().err) is told
