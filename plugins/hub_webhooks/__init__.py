"""Events go out as they are: Standard Webhooks for any backend or tool."""

from collections.abc import Sequence

from hub.sdk import Adapter, Plugin, hookimpl

PLUGIN = Plugin(name="webhooks", summary="Events by signed POST, to whatever takes them")
ADAPTERS = [
    Adapter(name="api", title="Webhook"),
    Adapter(name="dashboard", title="Webhook, made in the dashboard"),
]


@hookimpl
def adapters() -> Sequence[Adapter]:
    """Send events without a change of their shape."""
    return ADAPTERS
