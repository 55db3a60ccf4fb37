"""Events start Zaps; the app that Zapier runs is in `app/`."""

from collections.abc import Sequence

from hub.sdk import Adapter, Plugin, hookimpl

PLUGIN = Plugin(name="zapier", summary="Events that start Zaps, as Zapier's app asks for them")


@hookimpl
def adapters() -> Sequence[Adapter]:
    """Send events without a change of their shape: the app takes them as they are."""
    return [Adapter(name="zapier", title="Zapier")]
