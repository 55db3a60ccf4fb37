"""`/sessions`: what is known of each visitor's time with the business."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Page, Session
from hub.api.queries import SessionQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller
from hub.services.hub import Hub

TAGS = ["Sessions"]


@get(
    "/sessions",
    guards=[server_key],
    operation_id="listSessions",
    summary="List visitor sessions",
    tags=TAGS,
    opt={"query": SessionQuery},
)
async def list_sessions(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[Session]:
    """Visitor sessions, the one begun last first."""
    query = request.filters(SessionQuery)
    found = await hub.inbox.sessions(caller.organization_id, query.wanted, query.paging)
    return mapping.page(found, mapping.session)


@get(
    "/sessions/{session_id:str}",
    guards=[server_key],
    operation_id="getSession",
    summary="Get a visitor session",
    tags=TAGS,
)
async def get_session(
    session_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Session:
    """One visitor session."""
    found = await hub.inbox.session(caller.organization_id, named("vs", session_id))
    return mapping.session(found)
