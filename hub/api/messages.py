"""`/messages`, read; sending is a channel's, in `hub.api.ingest`."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Message, Page
from hub.api.queries import MessageQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller
from hub.services.hub import Hub

TAGS = ["Messages"]


@get(
    "/messages",
    guards=[server_key],
    operation_id="listMessages",
    summary="List messages",
    tags=TAGS,
    opt={"query": MessageQuery},
)
async def list_messages(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[Message]:
    """Inbound and outbound messages of all channels, newest first."""
    query = request.filters(MessageQuery)
    found = await hub.inbox.messages(caller.organization_id, query.wanted, query.paging)
    return mapping.page(found, mapping.message)


@get(
    "/messages/{message_id:str}",
    guards=[server_key],
    operation_id="getMessage",
    summary="Get a message",
    tags=TAGS,
)
async def get_message(
    message_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Message:
    """One message, with its customer."""
    found = await hub.inbox.message(caller.organization_id, named("msg", message_id))
    return mapping.message(found)
