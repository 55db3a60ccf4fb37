"""What plugins keep for a business: accounts at a provider, with their secrets encrypted."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from hub import ids
from hub.contracts import Connection
from hub.errors import NotFound
from hub.sealing import Sealer
from hub.services.forms import Form, now
from hub.store.admin import connections as store
from hub.store.admin.connections import Kept
from hub.store.database import Contended, Database

_LONGEST_KEY = 255
_TRIES = 3


class Connections:
    """Hands out what each plugin keeps."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Keep rows in this database, and their secrets under this seal."""
        self._database = database
        self._sealer = sealer

    def of(self, plugin: str) -> "PluginConnections":
        """Return what this plugin keeps."""
        return PluginConnections(self._database, self._sealer, plugin)

    async def check_seal(self) -> None:
        """Raise `SettingError` when what is kept was sealed under another secret of the hub."""
        sealed = await self._database.read(store.any_sealed)
        if sealed is not None:
            self._sealer.unseal(sealed)

    async def by_id(self, plugin: str, connection_id: UUID) -> Connection | None:
        """Return one row of a plugin by its id, which is all that a provider's call names."""
        return await self.of(plugin).by_id(connection_id)


class PluginConnections:
    """Rows of JSON per organization, each under an external key that is unique in it."""

    def __init__(self, database: Database, sealer: Sealer, plugin: str) -> None:
        """See only this plugin's rows."""
        self._database = database
        self._sealer = sealer
        self._plugin = plugin

    async def put(
        self,
        organization_id: UUID,
        external_key: str,
        data: Mapping[str, Any],
        secrets: Mapping[str, str],
    ) -> Connection:
        """Insert a row, or replace data and secrets of the one with this external key.

        The id of a row that is replaced stays.
        """
        form = Form()
        external_key = form.line("externalKey", external_key, _LONGEST_KEY)
        form.check()
        kept = Kept(
            id=ids.new(),
            organization_id=organization_id,
            plugin=self._plugin,
            external_key=external_key,
            data=dict(data),
            secrets=self._sealer.seal(msgspec.json.encode(secrets).decode()),
        )
        for _ in range(_TRIES):
            try:
                kept_id = await self._database.write(lambda c: store.put(c, kept, now()))
            except Contended:
                # Somebody put the same external key at this moment: replace what it holds.
                continue
            return self._opened(msgspec.structs.replace(kept, id=kept_id))
        raise NotFound("There is no such organization")

    async def by_id(self, connection_id: UUID) -> Connection | None:
        """Return one row, whichever business it is of."""
        plugin = self._plugin
        kept = await self._database.read(lambda c: store.by_id(c, plugin, connection_id))
        return self._opened(kept) if kept else None

    async def find(self, organization_id: UUID, external_key: str) -> Connection | None:
        """Return the organization's row of this external key."""
        plugin = self._plugin
        kept = await self._database.read(
            lambda c: store.by_external_key(c, organization_id, plugin, external_key)
        )
        return self._opened(kept) if kept else None

    async def all(self, organization_id: UUID) -> list[Connection]:
        """Return the organization's rows, oldest first."""
        plugin = self._plugin
        rows = await self._database.read(lambda c: store.listed(c, organization_id, plugin))
        return [self._opened(kept) for kept in rows]

    async def delete(self, organization_id: UUID, connection_id: UUID) -> bool:
        """Delete a row; tell whether there was one."""
        plugin = self._plugin
        return await self._database.write(
            lambda c: store.delete(c, organization_id, plugin, connection_id)
        )

    def _opened(self, kept: Kept) -> Connection:
        secrets = msgspec.json.decode(self._sealer.unseal(kept.secrets), type=dict[str, str])
        return Connection(
            id=kept.id,
            organization_id=kept.organization_id,
            plugin=kept.plugin,
            external_key=kept.external_key,
            data=kept.data,
            secrets=secrets,
        )
