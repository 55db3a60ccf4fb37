"""What follows from an attempt: for the delivery, and for the subscription that it was for."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from hub.deliveries import schedule
from hub.deliveries.courier import Outcome
from hub.deliveries.parcels import Parcel
from hub.events.catalogue import HOOK_DISABLED
from hub.store import deliveries, outbox, subscriptions
from hub.store.database import Connection
from hub.store.deliveries import FAILED, SUCCEEDED, WAITING, Told
from hub.store.read.deliveries import State
from hub.store.states import NewEvent
from hub.store.subscriptions import DISABLED, Reason, Subscription, Target

GONE = 410
HOPELESS = {"event_gone", "not_made"}
"""Errors of ours that no further try would mend."""


class Ended(Struct, frozen=True):
    """An attempt that is over."""

    parcel: Parcel
    outcome: Outcome


class Switched(Struct, frozen=True):
    """A subscription that is told nothing any more, and why."""

    subscription: Subscription
    reason: Reason


def record(connection: Connection, ended: Sequence[Ended], now: datetime) -> list[Switched]:
    """Write what became of attempts; return the subscriptions that were switched off by that."""
    mine = deliveries.tell(connection, [_told(one, now) for one in ended], now)
    by_target: dict[Target, list[Ended]] = {}
    for one in ended:
        if one.parcel.claimed.id in mine:
            by_target.setdefault(one.parcel.target, []).append(one)
    # In one order everywhere: two workers may have news of the same subscriptions.
    found = [_judge(connection, by_target[target], now) for target in sorted(by_target)]
    return [switched for switched in found if switched]


def disable(connection: Connection, known: Subscription, reason: Reason, now: datetime) -> None:
    """Tell a subscription nothing any more; what waits for it can be had tried again later."""
    subscriptions.change(connection, known, state=DISABLED, disabled_reason=reason, updated_at=now)
    deliveries.give_up(connection, (known.organization_id, known.id), now)
    if reason != "by_hand":
        event = NewEvent(known.organization_id, HOOK_DISABLED, known.id)
        outbox.append(connection, [event], now)


def _told(one: Ended, now: datetime) -> Told:
    claimed, outcome = one.parcel.claimed, one.outcome
    pause = schedule.pause(claimed.tries, outcome.retry_after)
    return Told(
        claimed=claimed,
        state=_state(outcome, pause),
        again_at=now + pause if pause else None,
        status=outcome.status,
        error=outcome.error,
        milliseconds=outcome.milliseconds,
        answer=outcome.answer,
    )


def _state(outcome: Outcome, pause: timedelta | None) -> State:
    if outcome.arrived:
        return SUCCEEDED
    return WAITING if pause and outcome.error not in HOPELESS else FAILED


def _judge(connection: Connection, ended: Sequence[Ended], now: datetime) -> Switched | None:
    """Note how a subscription does; switch it off when it is gone, or was silent for too long."""
    read = ended[0].parcel.subscription
    failed = [one for one in ended if not one.outcome.arrived and one.outcome.error not in HOPELESS]
    if any(one.outcome.status == GONE for one in failed):
        return _switched(connection, read, "gone", now)
    if any(one.outcome.arrived for one in ended):
        if read.failing_since is not None:
            subscriptions.change(connection, read, failing_since=None)
        return None
    if not failed:
        return None
    if read.failing_since is None:
        subscriptions.begin_failing(connection, read, now)
        return None
    if now - read.failing_since < schedule.SILENT_FOR:
        return None
    return _switched(connection, read, "failing", now)


def _switched(
    connection: Connection, read: Subscription, reason: Reason, now: datetime
) -> Switched | None:
    known = subscriptions.one(connection, read.organization_id, read.id, now)
    if known is None or known.status != "active":
        return None
    # What arrived since it was read, elsewhere, has begun the count anew.
    if reason == "failing" and known.failing_since != read.failing_since:
        return None
    disable(connection, known, reason, now)
    return Switched(known, reason)
