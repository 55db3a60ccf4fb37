"""The demo business: made once, and used again as long as its credentials live."""

import contextlib
import json
import os
import shlex
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.cli.desk import Desk
from hub.errors import NotFound
from hub.services.forms import now
from hub.settings import Settings
from hub.store.admin.records import ApiKey, KeyKind, Organization

SLUG, NAME, EMAIL = "demo", "Demo Bakery", "owner@demo.example"
LABELS: dict[KeyKind, str] = {"server": "demo backend", "widget": "demo website"}
MESSAGE = {
    "body": "Is there any rye bread left?",
    "customer": {"phoneE164": "+15551234567", "displayName": "Ada"},
}
REPLY = "Good morning! Two loaves are left. Shall we keep one for you?"
SETTINGS = {
    "greeting": "Good morning! Ask us anything: what is left, what is in it, what we bake for you.",
    "away": "We answer between two batches",
}


class Credentials(Struct, frozen=True):
    """What cannot be had from the database again, kept beside it for the next run."""

    password: str = ""
    server_key: str = ""
    widget_key: str = ""


class Bakery(Struct, frozen=True, kw_only=True):
    """What one needs to play."""

    address: str
    slug: str
    name: str
    email: str
    password: str
    server_key: str
    widget_key: str

    @property
    def send(self) -> str:
        """Return the line that sends a message."""
        body = shlex.quote(json.dumps(MESSAGE))
        return f"{self._curl} -H 'Content-Type: application/json' -d {body}"

    @property
    def read(self) -> str:
        """Return the line that reads it back."""
        return self._curl

    @property
    def answer(self) -> str:
        """Return the line that answers the visitor who wrote last."""
        query = "channel=widget&direction=inbound&limit=1"
        which = f"{self._curl} -G -d '{query}' | grep -o 'con_[a-z0-9]*' | head -n 1"
        body = json.dumps({"direction": "outbound", "conversationId": "CON", "body": REPLY})
        quoted = shlex.quote(body).replace("CON", f"'\"$({which})\"'")
        return f"{self._curl} -H 'Content-Type: application/json' -d {quoted}"

    @property
    def _curl(self) -> str:
        key = f"Authorization: Bearer {self.server_key}"
        return f"curl -s {self.address}/api/v1/messages -H '{key}'"


async def open_bakery(desk: Desk, port: int) -> Bakery:
    """Make what is missing, and return everything with its secrets."""
    address = f"http://localhost:{port}"
    kept = _remembered(desk.settings)
    business = await _business(desk)
    credentials = Credentials(
        password=await _password(desk, business, kept.password),
        server_key=await _key(desk, business, "server", kept.server_key, []),
        widget_key=await _key(desk, business, "widget", kept.widget_key, [address]),
    )
    if credentials != kept:
        _remember(desk.settings, credentials)
    return Bakery(
        address=address,
        slug=SLUG,
        name=business.name,
        email=EMAIL,
        **msgspec.structs.asdict(credentials),
    )


async def _business(desk: Desk) -> Organization:
    try:
        return await desk.organizations.by_slug(SLUG)
    except NotFound:
        made = await desk.organizations.create(SLUG, NAME)
        return await desk.organizations.change(made.id, SETTINGS)


async def _password(desk: Desk, business: Organization, kept: str) -> str:
    members = await desk.users.members(business.id)
    if not any(member.user.email == EMAIL for member in members):
        made = await desk.users.create(business.id, EMAIL, "owner")
        if made.password:
            return made.password
    if kept and await desk.users.verify(EMAIL, kept):
        return kept
    return await desk.users.set_password(EMAIL)


async def _key(
    desk: Desk, business: Organization, kind: KeyKind, kept: str, origins: list[str]
) -> str:
    key = await desk.keys.by_plaintext(business.id, kept) if kept else None
    if key is None:
        living = [one for one in await desk.keys.all(business.id) if _is_ours(one, kind)]
        if not living:
            made = await desk.keys.create(business.id, kind, LABELS[kind], origins)
            return made.plaintext
        # The plaintext is lost, as it is on every run without a file to keep it in.
        rotated = await desk.keys.rotate(business.id, living[0].id)
        key, kept = rotated.key, rotated.plaintext
    if set(origins) - set(key.allowed_origins):
        await desk.keys.allow(business.id, key.id, [*key.allowed_origins, *origins])
    return kept


def _is_ours(key: ApiKey, kind: KeyKind) -> bool:
    return key.kind == kind and key.label == LABELS[kind] and key.lives(now())


def _file(settings: Settings) -> Path | None:
    return settings.database_file.with_name("demo.json") if settings.embedded else None


def _remembered(settings: Settings) -> Credentials:
    file = _file(settings)
    if file is not None:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(file.read_bytes(), type=Credentials)
    return Credentials()


def _remember(settings: Settings, credentials: Credentials) -> None:
    file = _file(settings)
    if file is None:
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        # One that was there before keeps its mode: set it, before a secret is in it.
        os.fchmod(descriptor, 0o600)
        handle.write(msgspec.json.encode(credentials))
