"""`/hooks`: who is told of events. Make, list, change, remove, and give a new secret."""

from collections.abc import Sequence
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct
from msgspec.structs import asdict

from hub import ids
from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Hook, HookFilter, Instant, Page
from hub.api.queries import HookQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller
from hub.events.catalogue import EventName
from hub.fields import HookId, HookUrl, Text200
from hub.services.hub import Hub
from hub.services.subscribing import Wanted
from hub.services.subscriptions import Made
from hub.store.subscriptions import Subscription

TAGS = ["Hooks"]
CREATED = 201
Events = Annotated[
    Sequence[EventName],
    Meta(
        min_length=1,
        max_length=50,
        description="The kinds of events: see `GET /event-types`.",
        examples=[["message.created"]],
    ),
]
Secret = Annotated[
    str,
    Meta(
        description="What deliveries are signed with (Standard Webhooks). It is shown once.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDMbnSaTjx7ho="],
    ),
]


class HookToMake(Struct, frozen=True, kw_only=True):
    """Where to send which events."""

    url: HookUrl
    events: Events
    filter: HookFilter = HookFilter()
    source: Text200 = "api"
    """The tool that it is of: `api`, `zapier`, `n8n`."""
    description: Annotated[str, Meta(max_length=200)] = ""
    """For whoever reads the list later."""


class HookChange(Struct, frozen=True, kw_only=True):
    """What to change about a hook; what is left out stays as it is."""

    url: HookUrl | None = None
    events: Events | None = None
    filter: HookFilter | None = None
    description: Annotated[str, Meta(max_length=200)] | None = None
    status: Literal["active", "disabled"] | None = None
    """`active` begins anew with what happens from now on."""


class MadeHook(Hook, frozen=True, kw_only=True, rename="camel"):
    """The hook as it is now, and its secret."""

    ok: bool = True
    duplicate: bool
    """It was there already, and has a new secret."""
    secret: Secret


class ChangedHook(Hook, frozen=True, kw_only=True, rename="camel"):
    """The hook as it is now."""

    ok: bool = True


class RemovedHook(Struct, frozen=True, kw_only=True):
    """The hook that is gone."""

    ok: bool = True
    id: HookId


class RotatedSecret(Struct, frozen=True, kw_only=True, rename="camel"):
    """The new secret."""

    ok: bool = True
    id: HookId
    secret: Secret
    previous_secret_expires_at: Instant
    """Until when the one before also signs."""


@get(
    "/hooks",
    guards=[server_key],
    operation_id="listHooks",
    summary="List hooks",
    tags=TAGS,
    opt={"query": HookQuery},
)
async def list_hooks(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[Hook]:
    """Who is told of events, the newest hook first; secrets are not shown."""
    query = request.filters(HookQuery)
    found = await hub.subscriptions.all(caller.organization_id, query.wanted, query.paging)
    return mapping.page(found, mapping.hook)


@get(
    "/hooks/{hook_id:str}",
    guards=[server_key],
    operation_id="getHook",
    summary="Get a hook",
    tags=TAGS,
)
async def get_hook(
    hook_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Hook:
    """One hook, and how it does."""
    return mapping.hook(await hub.subscriptions.get(caller.organization_id, named("hook", hook_id)))


@post(
    "/hooks",
    guards=[server_key],
    status_code=200,
    operation_id="makeHook",
    summary="Be told of events",
    tags=TAGS,
    opt={"body": HookToMake, "also": {"201": "Made."}},
)
async def make_hook(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Response[MadeHook]:
    """Have events sent to an address from now on; nothing has to be confirmed.

    The same key, `url` and `events` again is the same hook: it gets a new secret, the new filter,
    and is switched on, so whoever lost the secret just asks again.
    """
    body = await request.struct(HookToMake)
    made = await hub.subscriptions.create(
        caller,
        Wanted(
            url=body.url,
            events=body.events,
            direction=body.filter.direction,
            channel=body.filter.channel,
            adapter=body.source,
            description=body.description,
        ),
    )
    return Response(_made(made), status_code=CREATED if made.is_new else 200)


@patch(
    "/hooks/{hook_id:str}",
    guards=[server_key],
    operation_id="changeHook",
    summary="Change a hook, or switch it off and on",
    tags=TAGS,
    opt={"body": HookChange},
)
async def change_hook(
    hook_id: FromPath[str],
    request: HubRequest,
    hub: NamedDependency[Hub],
    caller: NamedDependency[Caller],
) -> ChangedHook:
    """Change what is named. One that is switched off keeps its deliveries; `recover` sends them."""
    change = await request.struct(HookChange)
    whose, wanted = caller.organization_id, named("hook", hook_id)
    known = await hub.subscriptions.get(whose, wanted)
    changed = await hub.subscriptions.change(whose, wanted, _changed(known, change), change.status)
    return ChangedHook(**asdict(mapping.hook(changed)))


@delete(
    "/hooks/{hook_id:str}",
    guards=[server_key],
    status_code=200,
    operation_id="removeHook",
    summary="Remove a hook",
    tags=TAGS,
)
async def remove_hook(
    hook_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> RemovedHook:
    """Send nothing more there, and forget what was sent."""
    wanted = named("hook", hook_id)
    await hub.subscriptions.remove(caller.organization_id, wanted)
    return RemovedHook(id=ids.wire("hook", wanted))


@post(
    "/hooks/{hook_id:str}/rotate-secret",
    guards=[server_key],
    status_code=200,
    operation_id="rotateHookSecret",
    summary="Give a hook a new secret",
    tags=TAGS,
)
async def rotate_secret(
    hook_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> RotatedSecret:
    """Sign with a new secret; for 24 hours each delivery is signed with the old one too."""
    made = await hub.subscriptions.rotate(caller.organization_id, named("hook", hook_id))
    shown = mapping.hook(made.subscription)
    assert shown.previous_secret_expires_at is not None
    return RotatedSecret(
        id=shown.id,
        secret=made.secret,
        previous_secret_expires_at=shown.previous_secret_expires_at,
    )


def _made(made: Made) -> MadeHook:
    shown = asdict(mapping.hook(made.subscription))
    return MadeHook(**shown, duplicate=not made.is_new, secret=made.secret)


def _changed(known: Subscription, change: HookChange) -> Wanted:
    """Return a hook as it will be."""
    filtered = change.filter or HookFilter(direction=known.direction, channel=known.channel)
    return Wanted(
        url=known.url if change.url is None else change.url,
        events=known.events if change.events is None else change.events,
        direction=filtered.direction,
        channel=filtered.channel,
        adapter=known.adapter,
        description=known.description if change.description is None else change.description,
    )
