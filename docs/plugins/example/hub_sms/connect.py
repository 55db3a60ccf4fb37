"""`clonvo sms connect`: tell the hub of a number at the gateway."""

import asyncio
import os

import click
from hub.sdk import CommandError, load_settings, open_hub, wire_id

SECRET = "SMS_SIGNING_SECRET"


@click.group()
def sms() -> None:
    """Connect numbers of the SMS gateway."""


@sms.command()
@click.option("--org", required=True, metavar="SLUG", help="The business.")
@click.option("--number", required=True, metavar="+E164", help="The number that people write to.")
def connect(org: str, number: str) -> None:
    """Connect a number, or renew its secret, which is read from SMS_SIGNING_SECRET."""
    secret = os.environ.get(SECRET)
    if not secret:
        raise CommandError(f"Set {SECRET} in the environment")
    path = asyncio.run(_connect(org, number, secret))
    click.echo(f"Connected {number}. Tell the gateway to call {path}")


async def _connect(slug: str, number: str, secret: str) -> str:
    hub = await open_hub(load_settings())
    try:
        business = await hub.organizations.by_slug(slug)
        kept = await hub.kept("sms").put(
            business.id, number, {"number": number}, {"signing_secret": secret}
        )
    finally:
        await hub.close()
    return f"/api/v1/channels/sms/{wire_id('cnx', kept.id)}/webhook"
