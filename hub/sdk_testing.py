"""What a plugin's tests need: a whole hub in a temporary folder, called without a socket.

In your `conftest.py`::

    pytest_plugins = ["hub.sdk_testing"]

    @pytest.fixture
    def hub_plugins():
        return ["server_ingest", "sms"]

Then a test that asks for `hub` gets a `TrialHub` with one business and a key of each kind. The
plugin has to be installed, in editable form while you write it. `normalized` and `arrival` test a
`normalize` alone.
"""

import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from hub import ids
from hub.api.decode import decode
from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.contracts import Arrival, Brought, Caller, CallerKind, Channel
from hub.services.hub import Hub
from hub.services.open import open_hub
from hub.settings import Settings
from hub.worker import Worker

ORIGIN = "https://www.example.com"
"""Where the trial hub's widget key may be used."""
STEPS = 100

T = TypeVar("T")


class TrialHub:
    """A hub with one business, for one test; every method blocks until it is done."""

    def __init__(self, portal: BlockingPortal, hub: Hub) -> None:
        """Make the business and its keys; `open_trial` is the way to get one."""
        self.hub = hub
        """The `Hub` that plugins are handed; its methods are run by `run`."""
        self._portal = portal
        self._worker = Worker(hub)
        app = create_app(hub.settings, hub, MemoryLimiter())
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        self._client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        business = self.run(hub.organizations.create, "trial", "Trial")
        self.organization_id = business.id
        server = self.run(hub.keys.create, business.id, "server", "trial")
        widget = self.run(hub.keys.create, business.id, "widget", "trial", [ORIGIN])
        self.as_server = {"Authorization": f"Bearer {server.plaintext}"}
        """Headers of a backend's call."""
        self.as_widget = {"Authorization": f"Bearer {widget.plaintext}", "Origin": ORIGIN}
        """Headers of a browser's call."""

    def run(self, work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run an async function of the hub in the hub's own loop; return what it returns."""
        return self._portal.call(work, *arguments)

    def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a body: bytes as they are, anything else as JSON."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        kind = {"Content-Type": "application/json"}
        return self.run(
            lambda: self._client.post(path, headers={**kind, **(headers or {})}, **content)
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a path, as a backend unless `headers` say otherwise."""
        given = self.as_server if headers is None else headers
        return self.run(lambda: self._client.get(path, headers=given))

    def accepted(self) -> list[dict[str, Any]]:
        """Return the last hundred messages as `GET /api/v1/messages` tells them, oldest first."""
        answer = self.get("/api/v1/messages?limit=100")
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return messages[::-1]

    def connect(
        self,
        plugin: str,
        external_key: str,
        data: Mapping[str, Any],
        secrets: Mapping[str, str],
    ) -> str:
        """Keep a connection for a plugin; return its id as it stands in a path: `cnx_...`."""
        kept = self.hub.kept(plugin)
        made = self.run(kept.put, self.organization_id, external_key, data, secrets)
        return ids.wire("cnx", made.id)

    def work(self) -> int:
        """Do what follows the commits: tell the plugins and send; return how many events it took.

        Raises `AssertionError` when the work does not come to an end.
        """
        done = 0
        for _ in range(STEPS):
            taken = self.run(self._worker.step)
            if not taken:
                return done
            done += taken
        raise AssertionError(f"still at work after {done} events")


@contextmanager
def open_trial(folder: Path, plugins: Sequence[str], **settings: Any) -> Iterator[TrialHub]:
    """Open a hub in a folder with these plugins and settings; it is closed at the end."""
    chosen = Settings(
        plugins=tuple(plugins),
        database_url=f"sqlite:///{folder / 'hub.db'}",
        hub_secret="only for trials, and long enough for any check",  # noqa: S106 - guards nothing
        **settings,
    )
    with start_blocking_portal("asyncio") as portal:
        hub = portal.call(open_hub, chosen)
        try:
            yield TrialHub(portal, hub)
        finally:
            portal.call(hub.close)


@pytest.fixture
def hub_plugins() -> Sequence[str]:
    """Return the plugins of the `hub` fixture: the bundled ones, until your conftest says more."""
    return Settings().plugins


@pytest.fixture
def hub_settings() -> Mapping[str, Any]:
    """Return further settings of the `hub` fixture, by the names of `hub.sdk.Settings`."""
    return {}


@pytest.fixture
def hub(
    tmp_path: Path, hub_plugins: Sequence[str], hub_settings: Mapping[str, Any]
) -> Iterator[TrialHub]:
    """Open a hub of the test's own, with one business and a key of each kind."""
    with open_trial(tmp_path, hub_plugins, **hub_settings) as trial:
        yield trial


def arrival(kind: CallerKind = "server", **facts: Any) -> Arrival:
    """Return the facts of a call by a new caller of this kind; `facts` are fields of `Arrival`."""
    caller = Caller(
        kind=kind,
        organization_id=ids.new(),
        credential=b"",
        key_id=ids.new() if kind in {"server", "widget"} else None,
        connection_id=ids.new() if kind == "connection" else None,
    )
    told: dict[str, Any] = {"at": datetime.now(UTC), "caller": caller, "ip": "192.0.2.1"}
    return Arrival(**told | facts)


def normalized(channel: Channel, body: bytes | Path, call: Arrival | None = None) -> list[Brought]:
    """Decode a body, or the file that holds it, as the hub does, and normalize it.

    Raises `hub.sdk.BadRequest` naming every field that is wrong.
    """
    raw = body if isinstance(body, bytes) else body.read_bytes()
    return list(channel.normalize(decode(channel.wire, raw), call or arrival()))


def signed(channel: Channel, secret: str, raw: bytes) -> dict[str, str]:
    """Return the header with which a provider that has this secret signs a body."""
    signature = channel.signature
    assert signature is not None, f"the channel {channel.name} takes no signature"
    digest = hmac.new(secret.encode(), raw, sha256).hexdigest()
    return {signature.header: signature.prefix + digest}
