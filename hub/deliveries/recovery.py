"""What a subscription missed since a moment is delivered after all."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from hub.deliveries.fan_out import fan_out_to
from hub.store import deliveries, outbox
from hub.store.database import Connection
from hub.store.subscriptions import Subscription

AT_ONCE = 1000
"""Events of one transaction."""


class Recovered(Struct, frozen=True):
    """A part of it."""

    queued: int
    last_id: UUID | None
    """Where the next part begins; None when this was the last."""


def recover(
    connection: Connection,
    subscription: Subscription,
    since: datetime,
    after: UUID | None,
    now: datetime,
) -> Recovered:
    """Queue what failed and what was never tried, of the events since then that it is for.

    What arrived is not sent again, and what waits goes on waiting.
    """
    wanted = outbox.Stretch(
        organization_id=subscription.organization_id,
        types=subscription.events,
        since=since,
        after=after,
    )
    happened = outbox.along(connection, wanted, AT_ONCE)
    target = (subscription.organization_id, subscription.id)
    ids = {event.id for event in happened}
    queued = deliveries.again_since(connection, target, ids, now) if ids else 0
    queued += fan_out_to(connection, [subscription], happened, now)
    return Recovered(queued, happened[-1].id if len(happened) == AT_ONCE else None)
