"""`/blocks`: whom the business keeps out of its widgets."""

from typing import ClassVar

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import asdict

from hub import ids
from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Block, Page
from hub.api.queries import ListQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller
from hub.errors import BadRequest
from hub.fields import BlockId, Id255, KeyId, Network, Text200, Until
from hub.services.hub import Hub
from hub.store.blocks import Block as Record

TAGS = ["Blocks"]


class BlockToMake(Struct, frozen=True, kw_only=True, rename="camel"):
    """A visitor, by `keyId` and `visitorId`, or a network."""

    at_least_one: ClassVar[tuple[str, ...]] = ("network", "visitorId")

    key_id: KeyId | None = None
    """The widget key that the visitor comes by."""
    visitor_id: Id255 | None = None
    network: Network | None = None
    """IPv4 from /16 to /32 or IPv6 from /32 to /64; a bare address is one client's network."""
    reason: Text200
    """For whoever reads the list later; the visitor is not told."""
    expires_at: Until | None = None
    """When it ends by itself."""


class MadeBlock(Block, frozen=True, kw_only=True):
    """The block as it is now."""

    ok: bool = True


class RemovedBlock(Struct, frozen=True, kw_only=True):
    """The block that is gone."""

    ok: bool = True
    id: BlockId


@get(
    "/blocks",
    guards=[server_key],
    operation_id="listBlocks",
    summary="List who is kept out",
    tags=TAGS,
    opt={"query": ListQuery},
)
async def list_blocks(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[Block]:
    """Whom the business keeps out of its widgets now, the newest block first."""
    query = request.filters(ListQuery)
    found = await hub.blocks.all(caller.organization_id, query.paging)
    return mapping.page(found, mapping.block)


@post(
    "/blocks",
    guards=[server_key],
    status_code=200,
    operation_id="makeBlock",
    summary="Keep a visitor or a network out",
    tags=TAGS,
    opt={"body": BlockToMake},
)
async def make_block(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> MadeBlock:
    """Refuse the widget to them from their next request on; their streams end within 5 seconds.

    What is sent with a server key for the same person is taken as before. The same visitor or
    network again is the same block, with the new reason and end.
    """
    body = await request.struct(BlockToMake)
    made = await _made(hub, caller, body)
    return MadeBlock(**asdict(mapping.block(made)))


@delete(
    "/blocks/{block_id:str}",
    guards=[server_key],
    status_code=200,
    operation_id="removeBlock",
    summary="Let somebody in again",
    tags=TAGS,
)
async def remove_block(
    block_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> RemovedBlock:
    """Take a block back: they are let in from their next request on."""
    wanted = named("blk", block_id)
    await hub.blocks.remove(caller.organization_id, wanted)
    return RemovedBlock(id=ids.wire("blk", wanted))


async def _made(hub: Hub, caller: Caller, body: BlockToMake) -> Record:
    whose, reason, ends = caller.organization_id, body.reason, body.expires_at
    if body.network is None:
        key_id = ids.parse("key", body.key_id or "")
        return await hub.blocks.visitor(whose, key_id, body.visitor_id or "", reason, ends)
    if body.visitor_id is not None or body.key_id is not None:
        raise BadRequest(form=["Name a visitor or a network, not both"])
    return await hub.blocks.network(whose, body.network, reason, ends)
