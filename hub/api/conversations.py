"""`/conversations`: list, read, give a status."""

from litestar import get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import asdict

from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Conversation, Page
from hub.api.queries import ConversationQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller
from hub.services.hub import Hub
from hub.store.read.records import ConversationStatus

TAGS = ["Conversations"]


class ConversationChange(Struct, frozen=True):
    """What to change about a conversation."""

    status: ConversationStatus


class ChangedConversation(Conversation, frozen=True, kw_only=True, rename="camel"):
    """The conversation as it is now."""

    ok: bool = True


@get(
    "/conversations",
    guards=[server_key],
    operation_id="listConversations",
    summary="List conversations",
    tags=TAGS,
    opt={"query": ConversationQuery},
)
async def list_conversations(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[Conversation]:
    """Conversations, the one begun last first."""
    query = request.filters(ConversationQuery)
    found = await hub.inbox.conversations(caller.organization_id, query.wanted, query.paging)
    return mapping.page(found, mapping.conversation)


@get(
    "/conversations/{conversation_id:str}",
    guards=[server_key],
    operation_id="getConversation",
    summary="Get a conversation",
    tags=TAGS,
)
async def get_conversation(
    conversation_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Conversation:
    """One conversation, with its customer."""
    found = await hub.inbox.conversation(caller.organization_id, named("con", conversation_id))
    return mapping.conversation(found)


@patch(
    "/conversations/{conversation_id:str}",
    guards=[server_key],
    operation_id="changeConversation",
    summary="Close or reopen a conversation",
    tags=TAGS,
    opt={"body": ConversationChange},
)
async def change_conversation(
    conversation_id: FromPath[str],
    request: HubRequest,
    hub: NamedDependency[Hub],
    caller: NamedDependency[Caller],
) -> ChangedConversation:
    """Give it a status. The customer's next message opens it again, whatever it was."""
    change = await request.struct(ConversationChange)
    changed = await hub.inbox.set_status(caller, named("con", conversation_id), change.status)
    return ChangedConversation(**asdict(mapping.conversation(changed)))
