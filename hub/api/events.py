"""`/events` and `/event-types`: what happened, for whoever missed a webhook or cannot take one."""

from collections.abc import Sequence

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from hub.api import envelopes, mapping, samples
from hub.api.envelopes import AnyEvent
from hub.api.guards import server_key
from hub.api.objects import Page
from hub.api.queries import EventQuery
from hub.api.request import HubRequest
from hub.contracts import Caller
from hub.events import catalogue
from hub.services.hub import Hub

TAGS = ["Events"]


class EventType(Struct, frozen=True):
    """A kind of event, with an example."""

    type: catalogue.EventName
    description: str
    sample: AnyEvent


class EventTypes(Struct, frozen=True):
    """All kinds of events."""

    data: Sequence[EventType]


@get(
    "/events",
    guards=[server_key],
    operation_id="listEvents",
    summary="List events",
    tags=TAGS,
    opt={"query": EventQuery},
)
async def list_events(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[AnyEvent]:
    """What happened, newest first, each event as a webhook would bring it.

    Whoever polls asks for a time a little before the last one seen and knows events by their id.
    """
    query = request.filters(EventQuery)
    found = await hub.inbox.events(caller.organization_id, query.wanted, query.paging)
    return mapping.page(found, envelopes.event)


@get(
    "/event-types",
    guards=[server_key],
    operation_id="listEventTypes",
    summary="List the kinds of events",
    tags=TAGS,
)
async def list_event_types() -> EventTypes:
    """Every kind of event, with a sample made as real ones are."""
    return EventTypes(
        [EventType(known.name, known.description, samples.of(known)) for known in catalogue.ALL]
    )
