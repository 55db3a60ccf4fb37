"""The reference of the API: the OpenAPI document."""

import msgspec
from litestar import Litestar, Response, get
from litestar.di import NamedDependency

from hub.api.openapi import document
from hub.api.request import HubRequest
from hub.services.hub import Hub


@get("/schema/openapi.json", include_in_schema=False, sync_to_thread=True)
def get_openapi(request: HubRequest, hub: NamedDependency[Hub]) -> Response[bytes]:
    """Return the OpenAPI document."""
    return Response(_document(request.app, hub), media_type="application/json")


HANDLERS = [get_openapi]


def _document(app: Litestar, hub: Hub) -> bytes:
    """Return the document, made once per app."""
    if "openapi" not in app.state:
        app.state.openapi = msgspec.json.encode(document(app, hub.settings.hub_base_url))
    made: bytes = app.state.openapi
    return made
