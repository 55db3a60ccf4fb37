"""The demo business's website: a page with the widget, which `clonvo demo` alone serves."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from hub.api.request import HubRequest

if TYPE_CHECKING:
    from hub.cli.bakery import Bakery

PAGES = Path(__file__).with_name("site")
# As strict as it gets: the page's own files, and for the widget the address of its hub, twice.
_POLICY = (
    "default-src 'none'; script-src 'self' {hub}; connect-src {hub}; style-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {"cache-control": "no-store"}
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def handlers(bakery: "Bakery") -> Sequence[HTTPRouteHandler]:
    """Return the routes of the site: the page at `/`, and what it is made of."""
    return [_page(bakery), *map(_file, _TYPES)]


def _page(bakery: "Bakery") -> HTTPRouteHandler:
    templates = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined
    )
    template = templates.get_template("index.html")
    here = bakery.address.removeprefix("http://")
    port = here.partition(":")[2]
    # By its other name the hub is another site, as it is to every page but this one: to their own
    # site browsers send no `Origin` with a GET.
    hub = f"http://127.0.0.1:{port}"
    headers = _HEADERS | {"content-security-policy": _POLICY.format(hub=hub)}

    @get("/", include_in_schema=False, sync_to_thread=False)
    def get_site(request: HubRequest) -> Response[Any]:
        host = request.headers.get("host", "")
        # The widget's key is for one origin: whoever comes by this machine's number is sent there.
        if host in {f"127.0.0.1:{port}", f"[::1]:{port}"}:
            return Redirect(bakery.address, headers=_HEADERS)
        page = template.render(bakery=bakery, hub=hub, is_elsewhere=host != here)
        return Response(page, media_type="text/html", headers=headers)

    return get_site


def _file(kind: str) -> HTTPRouteHandler:
    body = (PAGES / f"demo.{kind}").read_bytes()

    @get(f"/demo.{kind}", include_in_schema=False, sync_to_thread=False)
    def get_file() -> Response[bytes]:
        return Response(body, media_type=_TYPES[kind], headers=_HEADERS)

    return get_file
