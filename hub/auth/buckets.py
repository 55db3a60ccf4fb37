"""Which buckets a call takes from; how large they are is a setting each."""

from functools import lru_cache
from uuid import UUID

from hub.auth.limits import Bucket
from hub.contracts import Caller
from hub.settings import Settings


class Buckets:
    """Names the buckets of each kind of call."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits from the settings."""
        self._settings = settings

    def server_messages(self, caller: Caller) -> list[Bucket]:
        """`/messages`: one per server key."""
        return [Bucket(f"messages:{_hex(caller.key_id)}", self._settings.ingest_rate_per_min)]

    def legacy_ingest(self, caller: Caller) -> list[Bucket]:
        """`/ingest`: one per organization, whichever way the caller proved itself."""
        return [Bucket(f"ingest:{caller.organization_id.hex}", self._settings.ingest_rate_per_min)]

    def reads(self, caller: Caller) -> list[Bucket]:
        """Reading and administering: one per server key."""
        return [Bucket(f"reads:{_hex(caller.key_id)}", self._settings.read_rate_per_min)]

    def widget_network(self, caller: Caller, network: str) -> Bucket:
        """A widget key from one client network."""
        limit = self._settings.widget_network_rate_per_min
        return Bucket(f"network:{_hex(caller.key_id)}:{network}", limit)

    def widget_messages(
        self, caller: Caller, network: str, visitor_id: str, *, is_new: bool
    ) -> list[Bucket]:
        """`/widget/messages`: the documented (key, visitor) bucket first, then what backs it up."""
        settings, key = self._settings, _hex(caller.key_id)
        buckets = [
            Bucket(f"visitor:{key}:{visitor_id}", settings.widget_rate_per_min),
            self.widget_network(caller, network),
            Bucket(f"widget:{key}", settings.widget_key_rate_per_min),
        ]
        if is_new:
            buckets += [
                Bucket(f"new:{key}:{network}", settings.widget_new_visitors_per_min),
                self.new_visitors(caller),
            ]
        return buckets

    def new_visitors(self, caller: Caller) -> Bucket:
        """Visitors of a widget key that were never seen before."""
        limit = self._settings.widget_key_new_visitors_per_min
        return Bucket(f"new:{_hex(caller.key_id)}", limit)

    def widget_stream(self, caller: Caller, network: str) -> Bucket:
        """Streams that are opened with a widget key from one client network."""
        limit = self._settings.widget_stream_rate_per_min
        return Bucket(f"stream:{_hex(caller.key_id)}:{network}", limit)

    def widget_events(self, caller: Caller, network: str) -> Bucket:
        """Calls of `/widget/events` with a widget key from one client network."""
        limit = self._settings.widget_event_rate_per_min
        return Bucket(f"events:{_hex(caller.key_id)}:{network}", limit)

    def failed_keys(self, network: str) -> Bucket:
        """Calls from one network whose key is not ours."""
        return Bucket(f"failed:{network}", self._settings.failed_keys_per_min)


@lru_cache(4096)
def _hex(uuid: UUID | None) -> str:
    return uuid.hex if uuid else ""
