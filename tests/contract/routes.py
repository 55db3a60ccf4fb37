"""Every route of the hub, and who may call it. `test_key_matrix` fails when one is missing here."""

from typing import Any, Literal

from msgspec import Struct

from tests.support.app import Api

Door = Literal["server", "server or legacy", "widget", "signature", "open"]


class Route(Struct, frozen=True):
    """A route as a caller sees it."""

    method: str
    path: str
    door: Door
    body: dict[str, Any] | None = None
    status: int = 200
    """What an admitted caller gets."""

    @property
    def names_something(self) -> bool:
        """Tell whether the path holds the id of something that a business owns."""
        return "{" in self.path


API = "/api/v1"
MESSAGE = {"body": "hi", "visitor": {"visitorId": "v_matrix"}}
HOOK = {"url": "https://example.com/matrix", "events": ["message.created"]}
WEBHOOK = f"{API}/channels/whatsapp/{{connection_id}}/webhook"

ROUTES = [
    Route("POST", f"{API}/messages", "server", MESSAGE),
    Route("POST", f"{API}/ingest", "server or legacy", MESSAGE),
    Route("POST", f"{API}/widget/messages", "widget", MESSAGE),
    # No call of the matrix names a visitor with its secret.
    Route("GET", f"{API}/widget/stream", "widget", status=403),
    Route("POST", f"{API}/widget/events", "widget", {"events": []}, status=403),
    Route("GET", WEBHOOK, "signature", status=403),
    Route("POST", WEBHOOK, "signature", {}, status=401),
    Route("GET", f"{API}/me", "server"),
    Route("GET", f"{API}/messages", "server"),
    Route("GET", f"{API}/messages/{{message_id}}", "server"),
    Route("GET", f"{API}/customers", "server"),
    Route("POST", f"{API}/customers", "server", {"phoneE164": "+15550001111"}),
    Route("GET", f"{API}/customers/{{customer_id}}", "server"),
    Route("GET", f"{API}/conversations", "server"),
    Route("GET", f"{API}/conversations/{{conversation_id}}", "server"),
    Route("PATCH", f"{API}/conversations/{{conversation_id}}", "server", {"status": "open"}),
    Route("GET", f"{API}/sessions", "server"),
    Route("GET", f"{API}/sessions/{{session_id}}", "server"),
    Route("GET", f"{API}/events", "server"),
    Route("GET", f"{API}/event-types", "server"),
    Route("GET", f"{API}/blocks", "server"),
    Route("POST", f"{API}/blocks", "server", {"network": "192.0.2.1", "reason": "spam"}),
    Route("DELETE", f"{API}/blocks/{{block_id}}", "server"),
    Route("GET", f"{API}/hooks", "server"),
    Route("POST", f"{API}/hooks", "server", HOOK, status=201),
    Route("GET", f"{API}/hooks/{{hook_id}}", "server"),
    Route("PATCH", f"{API}/hooks/{{hook_id}}", "server", {"description": "matrix"}),
    Route("POST", f"{API}/hooks/{{hook_id}}/rotate-secret", "server"),
    Route("POST", f"{API}/hooks/{{hook_id}}/test", "server"),
    Route("GET", f"{API}/hooks/{{hook_id}}/deliveries", "server"),
    Route("POST", f"{API}/hooks/{{hook_id}}/deliveries/{{delivery_id}}/retry", "server"),
    Route("POST", f"{API}/hooks/{{hook_id}}/recover", "server", {"since": "2030-01-01T00:00:00Z"}),
    Route("DELETE", f"{API}/hooks/{{hook_id}}", "server"),
    Route("GET", "/", "open", status=302),
    Route("GET", "/health/live", "open"),
    Route("GET", "/health/ready", "open"),
    Route("GET", "/metrics", "open"),
    Route("GET", "/schema/openapi.json", "open"),
    Route("GET", "/docs", "open"),
    Route("GET", "/docs.css", "open"),
    Route("GET", "/widget.js", "open"),
]


def served(api: Api) -> set[tuple[str, str]]:
    """Return the routes that the app has; what only answers a preflight is not among them."""
    return {
        (method, route.path_format)
        for route in api.app._app.routes
        for method in route.methods - {"OPTIONS", "HEAD"}
    }
