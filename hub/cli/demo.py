"""`clonvo demo`: a business to play with, and the hub that serves it."""

from typing import TYPE_CHECKING

import click

from hub.cli.serving import PORT, check_start, host_option, is_free

if TYPE_CHECKING:
    from hub.cli.bakery import Bakery
    from hub.settings import Settings

ANSWER = "Answer whoever wrote last on the website"
_PORTS = 10


@click.command()
@host_option
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help=f"Default: the first free one from {PORT} on.",
)
def demo(host: str, port: int | None) -> None:
    """Serve a demo business: see it work in a minute.

    Makes the business, an owner and a key of each kind once, prints what to type, and serves,
    with a page that has the widget on it. Run again it uses the same ones. Everything stays in
    the database of the settings.

    \b
    Example:  clonvo demo --port 9000
    """
    from hub import serve as server
    from hub.cli.bakery import open_bakery
    from hub.cli.desk import run
    from hub.cli.website import handlers
    from hub.settings import load

    settings = load()
    check_start(settings)
    chosen = _port(host, port)
    bakery = run(lambda desk: open_bakery(desk, chosen))
    click.echo(_welcome(bakery, settings))
    server.run(settings, host=host, port=chosen, pages=handlers(bakery))


def _port(host: str, wanted: int | None) -> int:
    from hub.cli.desk import require

    ports = [wanted] if wanted else range(PORT, PORT + _PORTS)
    free = next((port for port in ports if is_free(host, port)), None)
    require(free, f"{host}:{wanted or PORT} is in use or not ours: choose another with --port")
    return free or PORT


def _welcome(bakery: "Bakery", settings: "Settings") -> str:
    from importlib.metadata import version

    here = bakery.address
    facts = (
        ("Website", here, "write in its chat"),
        ("API", f"{here}/api/v1", ""),
        ("Reference", f"{here}/docs", ""),
        ("Business", bakery.name, bakery.slug),
        ("Sign in", bakery.email, bakery.password),
        ("Server key", bakery.server_key, ""),
        ("Widget key", bakery.widget_key, f"for {bakery.address}"),
    )
    kept = str(settings.database_file) if settings.embedded else "PostgreSQL"
    return "\n".join(
        [
            "",
            f"  {click.style('Clonvo Hub', bold=True)} {version('clonvo-hub')}",
            "",
            *(_fact(*fact) for fact in facts),
            "",
            _head("Send a message"),
            "",
            f"  {bakery.send}",
            "",
            _head("Read it back"),
            "",
            f"  {bakery.read}",
            "",
            _head(ANSWER),
            "",
            f"  {bakery.answer}",
            "",
            _head(f"Ctrl-C stops it; everything stays in {kept}."),
            "",
        ]
    )


def _fact(name: str, value: str, note: str) -> str:
    line = f"  {click.style(name.ljust(11), dim=True)} {value}"
    return f"{line}   {click.style(note, dim=True)}" if note else line


def _head(text: str) -> str:
    return click.style(f"  {text}", dim=True)


COMMANDS = (demo,)
