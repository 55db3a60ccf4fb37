"""`clonvo key`: the keys that callers present."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from hub.cli.identity import identity
from hub.cli.output import as_json, day, instant, print_json, print_secret, print_table

if TYPE_CHECKING:
    from uuid import UUID

    from hub.cli.desk import Desk
    from hub.services.keys import NewKey
    from hub.store.admin.records import ApiKey


@click.group()
def key() -> None:
    """API keys: server keys for backends, widget keys for browsers."""


@key.command()
@click.option("--org", required=True, metavar="SLUG", help="Whose key it is.")
@click.option("--kind", required=True, type=click.Choice(["server", "widget"]))
@click.option("--name", required=True, help="Where it is used, such as 'shop backend'.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="Widget keys: a page's origin that may use it; give it again for more.",
)
@click.option("--days", type=click.IntRange(1, 36_500), help="End by itself after so many days.")
@as_json
def create(
    org: str, kind: Any, name: str, origins: tuple[str, ...], days: int | None, *, as_json: bool
) -> None:
    """Make a key. It is shown once: only its hash is stored.

    \b
    Examples:  clonvo key create --org acme --kind server --name backend
               clonvo key create --org acme --kind widget --name site \\
                 --origin https://www.acme.com --origin http://localhost:3000
    """
    from hub.cli.desk import run

    async def work(desk: "Desk") -> "NewKey":
        business = await desk.organizations.by_slug(org)
        ends = datetime.now(UTC) + timedelta(days=days) if days else None
        return await desk.keys.create(business.id, kind, name, origins, ends)

    made = run(work)
    if as_json:
        print_json(_created(made, org))
        return
    print_secret(f"The {kind} key {name!r} of {org}, shown this once:", made.plaintext)


@key.command("list")
@click.option("--org", metavar="SLUG", help="Only this business's.")
@as_json
def list_(org: str | None, *, as_json: bool) -> None:
    """List keys, newest first, dead ones included.

    \b
    Example:  clonvo key list --org acme
    """
    from hub.cli.desk import run

    async def work(desk: "Desk") -> "list[tuple[str, ApiKey]]":
        if org:
            businesses = [await desk.organizations.by_slug(org)]
        else:
            businesses = await desk.organizations.all()
        return [(one.slug, found) for one in businesses for found in await desk.keys.all(one.id)]

    found = run(work)
    if as_json:
        print_json([_listed(one, slug) for slug, one in found])
        return
    head = ("ID", "BUSINESS", "KIND", "NAME", "BEGINS", "STATE", "LAST USED")
    print_table(head, [_row(one, slug) for slug, one in found])


@key.command()
@click.argument("key_id", metavar="ID")
@as_json
def revoke(key_id: str, *, as_json: bool) -> None:
    """End a key: the next request that presents it is refused.

    \b
    Example:  clonvo key revoke key_01k...
    """
    from hub.cli.desk import run

    wanted = _id(key_id)

    async def work(desk: "Desk") -> "ApiKey":
        return await desk.keys.revoke(await desk.keys.owner(wanted), wanted)

    ended = run(work)
    if as_json:
        print_json({"id": key_id, "revokedAt": instant(ended.revoked_at)})
        return
    click.echo(f"{ended.label} ({key_id}) is revoked.")


@key.command()
@click.argument("key_id", metavar="ID")
@click.option("--overlap", is_flag=True, help="Let the old secret live for 24 hours more.")
@as_json
def rotate(key_id: str, *, overlap: bool, as_json: bool) -> None:
    """Give a key a new secret under the same id; its figures and sessions stay.

    \b
    Example:  clonvo key rotate key_01k... --overlap
    """
    from hub.cli.desk import run

    wanted = _id(key_id)

    async def work(desk: "Desk") -> "tuple[NewKey, str]":
        owner = await desk.organizations.get(await desk.keys.owner(wanted))
        return await desk.keys.rotate(owner.id, wanted, overlap=overlap), owner.slug

    made, org = run(work)
    if as_json:
        print_json(_created(made, org))
        return
    old = "lives for 24 hours more" if overlap else "is dead"
    print_secret(
        f"The new secret of {made.key.label!r}, shown this once; the old one {old}:",
        made.plaintext,
    )


def _id(text: str) -> "UUID":
    from hub import ids

    found = ids.parse("key", text)
    if found is None:
        raise click.UsageError(f"{text!r} is not the id of a key; `clonvo key list` shows them")
    return found


def _created(made: "NewKey", org: str) -> dict[str, Any]:
    from hub import ids

    return {
        "id": ids.wire("key", made.key.id),
        "key": made.plaintext,
        "kind": made.key.kind,
        "organization": org,
        "allowedOrigins": list(made.key.allowed_origins),
    }


def _listed(found: "ApiKey", org: str) -> dict[str, Any]:
    from hub import ids

    return {
        "id": ids.wire("key", found.id),
        "organization": org,
        "kind": found.kind,
        "label": found.label,
        "prefix": found.prefix,
        "allowedOrigins": list(found.allowed_origins),
        "createdAt": instant(found.created_at),
        "expiresAt": instant(found.expires_at),
        "revokedAt": instant(found.revoked_at),
        "lastUsedAt": instant(found.last_used_at),
    }


def _row(found: "ApiKey", org: str) -> tuple[str, ...]:
    from hub import ids

    return (
        ids.wire("key", found.id),
        org,
        found.kind,
        found.label,
        found.prefix,
        _state(found),
        day(found.last_used_at),
    )


def _state(found: "ApiKey") -> str:
    if found.revoked_at:
        return "revoked"
    if found.expires_at is None:
        return "lives"
    lives = found.expires_at > datetime.now(UTC)
    return f"until {day(found.expires_at)}" if lives else "expired"


key.add_command(identity)

COMMANDS = (key,)
