"""`clonvo block`: whom a business keeps out of its widgets."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import as_json, day, instant, print_json, print_table

if TYPE_CHECKING:
    from uuid import UUID

    from hub import ids
    from hub.cli.desk import Desk
    from hub.store.blocks import Block

_PAGE = 100


@click.group()
def block() -> None:
    """Visitors and networks that are kept out of the widget.

    They get 403 from their next request on, whatever process it reaches, and their open streams
    end within 5 seconds. What backends send for the same person is taken as before.
    """


@block.command()
@click.option("--org", required=True, metavar="SLUG", help="Whose widgets they are kept out of.")
@click.option("--network", metavar="NETWORK", help="IPv4 /16 to /32 or IPv6 /32 to /64.")
@click.option("--key", "key_id", metavar="ID", help="With --visitor: the widget key it comes by.")
@click.option("--visitor", "visitor_id", metavar="NAME", help="With --key: its visitorId.")
@click.option("--reason", required=True, help="Why, for whoever reads the list later.")
@click.option("--days", type=click.IntRange(1, 36_500), help="End by itself after so many days.")
@as_json
def add(
    org: str,
    network: str | None,
    key_id: str | None,
    visitor_id: str | None,
    *,
    reason: str,
    days: int | None,
    as_json: bool,
) -> None:
    """Keep a visitor or a network out. The same again changes its reason and end.

    A visitor can come back under a new name; its network is on its session, with the key and the
    name (`GET /api/v1/sessions`). Many people may share a network: block small ones, for a while.

    \b
    Examples:  clonvo block add --org acme --network 203.0.113.0/24 --reason "bot farm" --days 7
               clonvo block add --org acme --key key_01k... --visitor v_9f3c --reason abuse
    """
    from hub.cli.desk import run

    if (network is None) == (visitor_id is None) or (visitor_id is None) != (key_id is None):
        raise click.UsageError("Name either --network, or --key and --visitor")
    wanted = _id("key", key_id, "a key; `clonvo key list` shows them") if key_id else None

    async def work(desk: "Desk") -> "Block":
        business = await desk.organizations.by_slug(org)
        ends = datetime.now(UTC) + timedelta(days=days) if days else None
        if network is not None:
            return await desk.blocks.network(business.id, network, reason, ends)
        return await desk.blocks.visitor(business.id, wanted, visitor_id or "", reason, ends)

    made = run(work)
    if as_json:
        print_json(_listed(made, org))
        return
    until = f" until {day(made.expires_at)}" if made.expires_at else ""
    click.echo(f"{_whom(made)} is kept out of the widgets of {org}{until}: {_wire(made)}")


@block.command("list")
@click.option("--org", metavar="SLUG", help="Only this business's.")
@as_json
def list_(org: str | None, *, as_json: bool) -> None:
    """List who is kept out now, the newest block first.

    \b
    Example:  clonvo block list --org acme
    """
    from hub.cli.desk import run

    async def work(desk: "Desk") -> "list[tuple[str, Block]]":
        if org:
            businesses = [await desk.organizations.by_slug(org)]
        else:
            businesses = await desk.organizations.all()
        return [(one.slug, found) for one in businesses for found in await _all(desk, one.id)]

    found = run(work)
    if as_json:
        print_json([_listed(one, slug) for slug, one in found])
        return
    head = ("ID", "BUSINESS", "WHO", "SINCE", "UNTIL", "REASON")
    print_table(
        head,
        [
            (_wire(one), slug, _whom(one), day(one.created_at), day(one.expires_at), one.reason)
            for slug, one in found
        ],
    )


@block.command()
@click.argument("block_id", metavar="ID")
@as_json
def remove(block_id: str, *, as_json: bool) -> None:
    """Let somebody in again, from the next request on.

    \b
    Example:  clonvo block remove blk_01k...
    """
    from hub.cli.desk import run

    wanted = _id("blk", block_id, "a block; `clonvo block list` shows them")

    async def work(desk: "Desk") -> None:
        await desk.blocks.remove(await desk.blocks.owner(wanted), wanted)

    run(work)
    if as_json:
        print_json({"id": block_id, "removed": True})
        return
    click.echo(f"{block_id} is removed.")


async def _all(desk: "Desk", organization_id: "UUID") -> "list[Block]":
    from hub.store.read.paging import Paging

    found: list[Block] = []
    before = None
    while True:
        page = await desk.blocks.all(organization_id, Paging(limit=_PAGE, before=before))
        found += page.items
        if (before := page.last_id) is None:
            return found


def _id(kind: "ids.Kind", text: str, what: str) -> "UUID":
    from hub import ids

    found = ids.parse(kind, text)
    if found is None:
        raise click.UsageError(f"{text!r} is not the id of {what}")
    return found


def _wire(found: "Block") -> str:
    from hub import ids

    return ids.wire("blk", found.id)


def _whom(found: "Block") -> str:
    return found.network or f"visitor {found.visitor_id}"


def _listed(found: "Block", org: str) -> dict[str, Any]:
    from hub import ids

    return {
        "id": _wire(found),
        "organization": org,
        "keyId": ids.wire("key", found.key_id) if found.key_id else None,
        "visitorId": found.visitor_id,
        "network": found.network,
        "reason": found.reason,
        "createdAt": instant(found.created_at),
        "expiresAt": instant(found.expires_at),
    }


COMMANDS = (block,)
