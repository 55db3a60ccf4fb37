"""Files that plugins have served to everybody: scripts for other sites, above all.

Compressed once, at the start. Brotli takes its makers' tool, so its form lies beside the file,
`widget.js.br` beside `widget.js`, when the plugin has one; gzip is made here.
"""

import gzip
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from hub.files import Asset

_STALE_SECONDS = 86_400
_TAG_DIGITS = 32
# Sites load it with `crossorigin`, as a module, and from isolated pages.
_HEADERS = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "Accept-Encoding",
}


class Form(Struct, frozen=True):
    """A file in one encoding."""

    encoding: str
    body: bytes
    etag: str


class Shelf:
    """One asset in all its forms, the smallest first."""

    def __init__(self, asset: Asset) -> None:
        """Read the file and compress it."""
        plain = asset.file.read_bytes()
        packed = asset.file.with_name(f"{asset.file.name}.br")
        forms = [("gzip", gzip.compress(plain, mtime=0)), ("", plain)]
        if packed.is_file():
            forms.insert(0, ("br", packed.read_bytes()))
        digest = sha256(plain).hexdigest()[:_TAG_DIGITS]
        self._forms = [Form(name, body, f'"{digest}{name}"') for name, body in forms]
        self._media_type = asset.media_type
        self._headers = _HEADERS | {
            "cache-control": f"public, max-age={asset.max_age}, "
            f"stale-while-revalidate={_STALE_SECONDS}",
        }

    def answer(self, accepted: str, known: str) -> Response[bytes | None]:
        """Answer who takes these encodings and has these entity tags already."""
        taken = encodings(accepted)
        form = next(form for form in self._forms if not form.encoding or form.encoding in taken)
        headers = self._headers | {"etag": form.etag}
        if form.etag in tags(known):
            return Response(None, status_code=304, headers=headers)
        if form.encoding:
            headers["content-encoding"] = form.encoding
        return Response(form.body, media_type=self._media_type, headers=headers)


def encodings(header: str) -> set[str]:
    """Return what an `Accept-Encoding` takes (RFC 9110, 12.5.3); a weight of 0 is a refusal."""
    found = set()
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if not any(p.replace(" ", "").rstrip("0.") == "q=" for p in parameters):
            found.add(name)
    return found


def tags(header: str) -> set[str]:
    """Return what an `If-None-Match` names; a proxy that changed the form made its tag weak."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def handlers(assets: Sequence[Asset]) -> list[HTTPRouteHandler]:
    """Return a route for each asset."""
    return [_route(asset.path, Shelf(asset)) for asset in assets]


def _route(path: str, shelf: Shelf) -> HTTPRouteHandler:
    def get_asset(request: Request[Any, Any, Any]) -> Response[bytes | None]:
        headers = request.headers
        return shelf.answer(headers.get("accept-encoding", ""), headers.get("if-none-match", ""))

    methods = [HttpMethod.GET, HttpMethod.HEAD]
    return route(path, http_method=methods, include_in_schema=False, sync_to_thread=False)(
        get_asset
    )
