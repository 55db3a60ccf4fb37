"""Businesses: create, find, set."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from hub import ids
from hub.auth.callers import Vault
from hub.errors import Conflict, NotFound
from hub.services import business_settings
from hub.services.forms import Form, now
from hub.store.admin import organizations as store
from hub.store.admin.records import BusinessSettings, Organization
from hub.store.database import Connection, Contended, Database

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = 200
# A header's value: visible ASCII, no white space at its ends.
_LEGACY_SECRET = re.compile(r"[!-~][ -~]{4,253}[!-~]")
_UNKNOWN = "There is no such organization"


class Organizations:
    """Makes and changes businesses."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep businesses in this database, their legacy secrets under the vault's fingerprint."""
        self._database = database
        self._vault = vault

    async def create(self, slug: str, name: str) -> Organization:
        """Make a business. `BadRequest` names `slug` or `name`; `Conflict`: the slug is taken."""
        form = Form()
        if not _SLUG.fullmatch(slug):
            form.wrong("slug", "Use 1 to 63 of a-z, 0-9 and -, no - at either end")
        name = form.line("name", name, _NAME)
        form.check()
        business = Organization(
            id=ids.new(),
            slug=slug,
            name=name,
            settings=BusinessSettings(),
            created_at=now(),
        )
        try:
            await self._database.write(lambda c: store.add(c, business))
        except Contended as error:
            raise Conflict(f"The slug {slug!r} is taken", code="slug_taken") from error
        return business

    async def by_slug(self, slug: str) -> Organization:
        """Return the business of this slug, or raise `NotFound`."""
        business = await self._database.read(lambda c: store.by_slug(c, slug))
        if business is None:
            raise NotFound(f"There is no organization {slug!r}")
        return business

    async def get(self, organization_id: UUID) -> Organization:
        """Return a business, or raise `NotFound`."""
        return _existing(await self._database.read(lambda c: store.by_id(c, organization_id)))

    async def all(self) -> list[Organization]:
        """Return every business of the hub by slug, for the operator."""
        return await self._database.read(store.listed)

    async def change(self, organization_id: UUID, changes: Mapping[str, str]) -> Organization:
        """Set `name` and dotted settings such as `privacy.ip`; an empty value is the default again.

        Raises `BadRequest` naming every key that does not exist or cannot hold its value.
        """

        def work(connection: Connection) -> Organization:
            business = _existing(store.locked(connection, organization_id))
            form = Form()
            settings = dict(changes)
            name = form.line("name", settings.pop("name", business.name), _NAME)
            changed = business_settings.changed(business.settings, settings, form)
            form.check()
            business = msgspec.structs.replace(business, name=name, settings=changed)
            store.update(connection, business)
            return business

        return await self._database.write(work)

    async def legacy_secret_since(self, organization_id: UUID) -> datetime | None:
        """Return when the secret of `/ingest` was set; None when it is off."""
        return await self._database.read(lambda c: store.legacy_secret_since(c, organization_id))

    async def rotate_legacy_secret(self, organization_id: UUID) -> str:
        """Return a fresh legacy secret, shown this once; the one before is dead."""
        secret = secrets.token_urlsafe(32)
        await self.set_legacy_secret(organization_id, secret)
        return secret

    async def set_legacy_secret(self, organization_id: UUID, secret: str) -> None:
        """Take over the secret that callers use already; the one before is dead."""
        form = Form()
        if not _LEGACY_SECRET.fullmatch(secret):
            form.wrong("secret", "Use 6 to 255 visible ASCII characters")
        form.check()
        fingerprint = self._vault.fingerprint(secret)
        try:
            await self._database.write(
                lambda c: store.put_legacy_secret(c, organization_id, fingerprint, now())
            )
        except Contended as error:
            raise NotFound(_UNKNOWN) from error

    async def drop_legacy_secret(self, organization_id: UUID) -> bool:
        """Switch the legacy secret off; tell whether there was one."""
        return await self._database.write(
            lambda c: store.switch_legacy_off(c, organization_id, now())
        )

    async def legacy_is_off(self, organization_id: UUID) -> bool:
        """Tell whether the legacy secret was switched off, which is more than never made."""
        return await self._database.read(lambda c: store.legacy_is_off(c, organization_id))


def _existing(business: Organization | None) -> Organization:
    if business is None:
        raise NotFound(_UNKNOWN)
    return business
