"""`clonvo key identity`: how the visitors of a widget key prove who they are."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import as_json, day, instant, print_json, print_secret

if TYPE_CHECKING:
    from uuid import UUID

    from hub.cli.desk import Desk
    from hub.services.identity import Asked

MODES = ["off", "optional", "required"]
_MEANINGS = {
    "off": "tokens are not looked at",
    "optional": "a token proves who the visitor is, and none is needed",
    "required": "nobody comes in without a token",
}


@click.command()
@click.argument("key_id", metavar="KEY_ID")
@click.option("--mode", type=click.Choice(MODES), help="What is asked of visitors.")
@click.option("--rotate", is_flag=True, help="Make a secret, the first or a new one.")
@click.option("--overlap", is_flag=True, help="With --rotate: the old secret counts for 24 h more.")
@as_json
def identity(key_id: str, mode: Any, *, rotate: bool, overlap: bool, as_json: bool) -> None:
    """Let visitors who are signed in on your site prove it to the hub.

    Your backend signs a token for them with a secret that only it and the hub know; the widget
    sends it along. Who is proved finds the own talk on every device. How to make the token, with
    examples in four languages: docs/identity.md.

    \b
    off       tokens are not looked at
    optional  a token proves who the visitor is; without one all is as ever (from the first secret)
    required  nobody comes in without a token

    \b
    Examples:  clonvo key identity key_01k...                      what holds now
               clonvo key identity key_01k... --rotate             make the first secret
               clonvo key identity key_01k... --mode required      once all pages send tokens
               clonvo key identity key_01k... --rotate --overlap   a new secret, at leisure
               clonvo key identity key_01k... --rotate             one that leaked: at once
    """
    from hub import ids
    from hub.cli.desk import require, run

    wanted = ids.parse("key", key_id)
    require(wanted, f"{key_id!r} is not the id of a key; `clonvo key list` shows them")
    require(rotate or not overlap, "--overlap is about the old secret: it goes with --rotate")
    assert wanted is not None
    asked, secret = run(lambda desk: _do(desk, wanted, mode, rotate=rotate, overlap=overlap))
    if as_json:
        print_json(_document(key_id, asked, secret))
    elif secret:
        print_secret(f"{_told(key_id, asked)}. The new secret, shown this once:", secret)
    else:
        click.echo(f"{_told(key_id, asked)}.")


async def _do(
    desk: "Desk", key_id: "UUID", mode: Any, *, rotate: bool, overlap: bool
) -> "tuple[Asked, str | None]":
    owner = await desk.keys.owner(key_id)
    if rotate:
        made = await desk.identity.rotate(owner, key_id, overlap=overlap, mode=mode)
        return made.asked, made.secret
    if mode:
        return await desk.identity.set_mode(owner, key_id, mode), None
    return await desk.identity.get(owner, key_id), None


def _document(key_id: str, asked: "Asked", secret: str | None) -> dict[str, Any]:
    told = {
        "id": key_id,
        "mode": asked.mode,
        "hasSecret": asked.has_secret,
        "oldSecretUntil": instant(asked.old_until),
    }
    return told | ({"secret": secret} if secret else {})


def _told(key_id: str, asked: "Asked") -> str:
    told = f"{key_id} is {asked.mode}: {_MEANINGS[asked.mode]}"
    if not asked.has_secret:
        return f"{told}; it has no secret yet"
    old = f"; the old secret counts until {day(asked.old_until)} UTC" if asked.old_until else ""
    return told + old
