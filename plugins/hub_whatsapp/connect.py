"""`clonvo whatsapp connect`: tell the hub of a number, and Meta of the hub."""

import asyncio
import json
import os

import click

from hub.sdk import CommandError, load_settings, open_hub, wire_id

SECRETS = {"access_token": "WHATSAPP_ACCESS_TOKEN", "app_secret": "WHATSAPP_APP_SECRET"}


@click.group()
def whatsapp() -> None:
    """Connect WhatsApp numbers."""


@whatsapp.command()
@click.option("--org", required=True, metavar="SLUG", help="The business.")
@click.option("--phone-number-id", required=True, metavar="N", help="Meta's id of the number.")
@click.option("--waba-id", required=True, metavar="N", help="The WhatsApp Business account.")
@click.option("--display-phone", required=True, metavar="+E164", help="The number itself.")
@click.option("--verify-token", required=True, metavar="T", help="What you tell Meta to send.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def connect(  # noqa: PLR0913 - one parameter per option of the command
    org: str,
    phone_number_id: str,
    waba_id: str,
    display_phone: str,
    verify_token: str,
    *,
    as_json: bool,
) -> None:
    """Connect a number, or renew its secrets.

    The access token and the app secret are read from WHATSAPP_ACCESS_TOKEN and
    WHATSAPP_APP_SECRET, so that they stand in no shell history.
    """
    secrets = {name: os.environ.get(variable, "") for name, variable in SECRETS.items()}
    missing = [variable for name, variable in SECRETS.items() if not secrets[name]]
    if missing:
        raise CommandError(f"Set {' and '.join(missing)} in the environment")
    data = {
        "phone_number_id": phone_number_id,
        "waba_id": waba_id,
        "display_phone": display_phone,
    }
    connection_id, url = asyncio.run(_connect(org, data, secrets | {"verify_token": verify_token}))
    if as_json:
        click.echo(json.dumps({"id": connection_id, "webhookUrl": url}))
    else:
        click.echo(f"Connected {display_phone} as {connection_id}")
        click.echo(f"Webhook for Meta's app dashboard: {url}")
    if url.startswith("http://localhost"):
        click.echo("Meta cannot reach localhost: set HUB_BASE_URL to your https address", err=True)


async def _connect(slug: str, data: dict[str, str], secrets: dict[str, str]) -> tuple[str, str]:
    settings = load_settings()
    hub = await open_hub(settings)
    try:
        organization = await hub.organizations.by_slug(slug)
        if organization is None:
            raise CommandError(f"There is no business {slug!r}")
        number = data["phone_number_id"]
        connection = await hub.kept("whatsapp").put(organization.id, number, data, secrets)
    finally:
        await hub.close()
    connection_id = wire_id("cnx", connection.id)
    base = (settings.hub_base_url or "http://localhost:8000").rstrip("/")
    return connection_id, f"{base}/api/v1/channels/whatsapp/{connection_id}/webhook"
