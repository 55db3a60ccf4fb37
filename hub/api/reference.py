"""The reference of the API: the OpenAPI document, and the same as a page."""

from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.di import NamedDependency

from hub.api import docs, openapi
from hub.api.request import HubRequest
from hub.services.hub import Hub

# Nothing from outside, no script at all: the page is only text.
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = {"content-security-policy": _POLICY}


@get("/schema/openapi.json", include_in_schema=False, sync_to_thread=True)
def get_openapi(request: HubRequest, hub: NamedDependency[Hub]) -> Response[bytes]:
    """Return the OpenAPI document."""
    document = msgspec.json.encode(_document(request.app, hub))
    return Response(document, media_type="application/json")


@get("/docs", include_in_schema=False, sync_to_thread=True)
def get_docs(request: HubRequest, hub: NamedDependency[Hub]) -> Response[str]:
    """Return the page; its examples call the hub at the address it is read at."""
    base = hub.settings.hub_base_url or str(request.base_url)
    page = docs.page(_document(request.app, hub), base.rstrip("/"))
    return Response(page, media_type="text/html", headers=_HEADERS)


@get("/docs.css", include_in_schema=False, sync_to_thread=True)
def get_docs_style() -> Response[bytes]:
    """Return the page's style."""
    return Response((docs.PAGES / "docs.css").read_bytes(), media_type="text/css")


HANDLERS = [get_openapi, get_docs, get_docs_style]


def _document(app: Litestar, hub: Hub) -> openapi.Node:
    """Return the document, made once per app."""
    if "openapi" not in app.state:
        app.state.openapi = openapi.document(app, hub.settings.hub_base_url)
    made: dict[str, Any] = app.state.openapi
    return made
