"""What hooks were sent: the log, a test, and everything once more that did not arrive."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from hub import ids
from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Delivery, Page
from hub.api.queries import DeliveryQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller
from hub.fields import DeliveryId, Since
from hub.services.hub import Hub

TAGS = ["Hooks"]


class QueuedDelivery(Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery that is on its way."""

    ok: bool = True
    delivery_id: DeliveryId


class Recovery(Struct, frozen=True, kw_only=True):
    """From when on everything is wanted that did not arrive."""

    since: Since


class Recovered(Struct, frozen=True, kw_only=True):
    """What is on its way."""

    ok: bool = True
    queued: int
    """How many events."""


@post(
    "/hooks/{hook_id:str}/test",
    guards=[server_key],
    status_code=200,
    operation_id="testHook",
    summary="Send a test",
    tags=TAGS,
)
async def test_hook(
    hook_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> QueuedDelivery:
    """Send a `hook.test` event, signed like any other; its delivery tells how it went."""
    delivery_id = await hub.subscriptions.test(caller.organization_id, named("hook", hook_id))
    hub.on_delivery()
    return QueuedDelivery(delivery_id=ids.wire("dlv", delivery_id))


@get(
    "/hooks/{hook_id:str}/deliveries",
    guards=[server_key],
    operation_id="listDeliveries",
    summary="List what a hook was sent",
    tags=TAGS,
    opt={"query": DeliveryQuery},
)
async def list_deliveries(
    hook_id: FromPath[str],
    request: HubRequest,
    hub: NamedDependency[Hub],
    caller: NamedDependency[Caller],
) -> Page[Delivery]:
    """Deliveries, newest first, each with all its attempts. They are kept for 30 days."""
    query = request.filters(DeliveryQuery)
    found = await hub.subscriptions.deliveries(
        caller.organization_id, named("hook", hook_id), query.wanted, query.paging
    )
    return mapping.page(found, mapping.delivery)


@post(
    "/hooks/{hook_id:str}/deliveries/{delivery_id:str}/retry",
    guards=[server_key],
    status_code=200,
    operation_id="retryDelivery",
    summary="Send a delivery again",
    tags=TAGS,
)
async def retry_delivery(
    hook_id: FromPath[str],
    delivery_id: FromPath[str],
    hub: NamedDependency[Hub],
    caller: NamedDependency[Caller],
) -> QueuedDelivery:
    """Send it at once, whatever became of it before; its `webhook-id` stays the same."""
    wanted = named("dlv", delivery_id)
    await hub.subscriptions.retry(caller.organization_id, named("hook", hook_id), wanted)
    hub.on_delivery()
    return QueuedDelivery(delivery_id=ids.wire("dlv", wanted))


@post(
    "/hooks/{hook_id:str}/recover",
    guards=[server_key],
    status_code=200,
    operation_id="recoverDeliveries",
    summary="Send all that did not arrive",
    tags=TAGS,
    opt={"body": Recovery},
)
async def recover_deliveries(
    hook_id: FromPath[str],
    request: HubRequest,
    hub: NamedDependency[Hub],
    caller: NamedDependency[Caller],
) -> Recovered:
    """Send every event since a moment that the hook is for and has not got.

    What failed is tried again, and what happened while it was switched off is sent now.
    """
    body = await request.struct(Recovery)
    wanted = named("hook", hook_id)
    queued = await hub.subscriptions.recover(caller.organization_id, wanted, body.since)
    hub.on_delivery()
    return Recovered(queued=queued)
