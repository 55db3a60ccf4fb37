"""`clonvo serve` and `clonvo worker`: the processes that run on."""

import contextlib
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.settings import Settings

HOST, PORT = "127.0.0.1", 8000
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

host_option = click.option("--host", default=HOST, show_default=True, help="Address to listen on.")


@click.command()
@host_option
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="With PostgreSQL."
)
def serve(host: str, port: int, workers: int) -> None:
    """Serve the API, the widget and the dashboard.

    With SQLite it also makes and migrates its own database and does the background work; with
    PostgreSQL run `clonvo migrate` before and `clonvo worker` beside it.

    \b
    Examples:  clonvo serve
               clonvo serve --host 0.0.0.0 --port 80 --workers 4
    """
    # A hangup asks for a restart: it waits until there is something to restart.
    with _hangup_waits() if workers > 1 else contextlib.nullcontext():
        from hub import figures, prefork
        from hub.settings import load

        settings = load()
        figures.remove_left_behind()
        if workers > 1 and not settings.embedded:
            prefork.announce(workers)
        try:
            _serve(settings, host, port, workers)
        finally:
            prefork.retract()


@contextlib.contextmanager
def _hangup_waits() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(settings: "Settings", host: str, port: int, workers: int) -> None:
    # Not before: with these come the figures, and where they are kept is decided by then.
    from hub import handover
    from hub import serve as server
    from hub.cli.desk import require

    require(workers == 1 or not settings.embedded, "SQLite has one server: leave out --workers")

    prepare(settings, host, port)
    rehearsed = server.rehearse(settings, workers)
    if handover.is_rehearsal():
        return
    if rehearsed.advice:
        click.echo(f"{rehearsed.advice}.", err=True)
    if rehearsed.is_empty:
        click.echo(_FIRST_STEPS, err=True)
    click.echo(f"Clonvo Hub serves {url_of(host, port)}", err=True)
    server.run(settings, host=host, port=port, workers=workers)


@click.command()
def worker() -> None:
    """Do the background work alone, beside `clonvo serve`.

    It takes events from the database, tells plugins of them and sends what goes out; run as many
    as you like. Needs PostgreSQL: with SQLite, `serve` does it all.

    \b
    Example:  clonvo worker
    """
    from hub import logs
    from hub import worker as background
    from hub.cli.desk import require
    from hub.settings import load

    settings = load()
    require(not settings.embedded, "with SQLite `clonvo serve` does the background work itself")
    check_start(settings)
    logs.start(settings)
    background.run(settings)


def prepare(settings: "Settings", host: str, port: int) -> None:
    """Raise for whatever would stop the start, and say what is unwise, before a server runs."""
    from hub import handover

    check_start(settings)
    if not handover.is_ours() and not is_free(host, port):
        from hub.errors import CommandError

        raise CommandError(f"{host}:{port} is in use or not ours: choose another with --port")
    public = settings.hub_base_url or ""
    if host not in LOOPBACK and not public.startswith("https://"):
        click.echo(
            "Plain http off localhost: browsers refuse the dashboard's secure cookie. Put TLS in "
            "front and set HUB_BASE_URL=https://...",
            err=True,
        )


def check_start(settings: "Settings") -> None:
    """Raise `SettingError` when secret, plugins or, with SQLite, the file cannot be had."""
    from hub.hooks import Hooks
    from hub.sealing import open_sealer
    from hub.store.sqlite import hold

    open_sealer(settings)
    Hooks(settings.plugins)
    if settings.embedded:
        hold(settings.database_file).close()


def url_of(host: str, port: int) -> str:
    """Return where one finds what listens there, seen from this machine."""
    named = "localhost" if host in LOOPBACK | {"0.0.0.0", "::"} else host  # noqa: S104
    return f"http://{f'[{named}]' if ':' in named else named}:{port}"


def is_free(host: str, port: int) -> bool:
    """Tell whether we could listen there now."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server does, so that a port of one that has just ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


_FIRST_STEPS = """\
This hub is empty. In another terminal:
  clonvo org create acme --name "Acme"
  clonvo key create --org acme --kind server --name backend
  clonvo user create you@example.com --org acme --role owner"""

COMMANDS = (serve, worker)
