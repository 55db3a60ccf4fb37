"""What stands before a handler of the resource endpoints."""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from hub.api.exchange import call_of
from hub.api.request import HubRequest
from hub.auth.admission import Admission
from hub.contracts import Caller


async def server_key(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Admit a living server key: 401, 403 and 429 come before the body is read."""
    admission = cast("Admission", connection.app.state.admission)
    await admission.reads(call_of(connection.scope))


def caller_of(request: HubRequest) -> Caller:
    """Return who was admitted; a dependency of handlers behind `server_key`."""
    caller = call_of(request.scope).caller
    assert caller is not None
    return caller
