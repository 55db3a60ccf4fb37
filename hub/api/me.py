"""`/me`: whose key this is; the test of a credential."""

from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from hub import ids
from hub.api.guards import server_key
from hub.api.mapping import instant
from hub.api.objects import Instant
from hub.contracts import Caller
from hub.fields import KeyId, OrganizationId
from hub.services.hub import Hub
from hub.store.admin.records import ApiKey, Organization
from hub.store.front import WORK_SECONDS, within


class Business(Struct, frozen=True):
    """The business whose key it is."""

    id: OrganizationId
    name: str
    slug: str


class Key(Struct, frozen=True, rename="camel"):
    """The key that was sent."""

    id: KeyId
    kind: Literal["server", "widget"]
    label: str
    prefix: str
    created_at: Instant


class Limits(Struct, frozen=True, rename="camel"):
    """How many calls a minute the key has."""

    per_minute: int
    """To send messages."""
    reads_per_minute: int
    """For everything else."""


class Me(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is calling."""

    ok: bool = True
    organization: Business
    key: Key
    limits: Limits
    api_version: Literal["v1"] = "v1"


@get(
    "/me",
    guards=[server_key],
    operation_id="getMe",
    summary="Test a key",
    tags=["Account"],
)
async def get_me(hub: NamedDependency[Hub], caller: NamedDependency[Caller]) -> Me:
    """The business, the key and its limits."""
    organization, key = await within(WORK_SECONDS, _own(hub, caller))
    return Me(
        organization=Business(
            ids.wire("org", organization.id), organization.name, organization.slug
        ),
        key=Key(ids.wire("key", key.id), key.kind, key.label, key.prefix, instant(key.created_at)),
        limits=Limits(hub.settings.ingest_rate_per_min, hub.settings.read_rate_per_min),
    )


async def _own(hub: Hub, caller: Caller) -> tuple[Organization, ApiKey]:
    assert caller.key_id is not None
    organization = await hub.organizations.get(caller.organization_id)
    return organization, await hub.keys.get(caller.organization_id, caller.key_id)
