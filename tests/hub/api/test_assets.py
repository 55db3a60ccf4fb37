"""Files that plugins have served: whole, in three encodings, to every site."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hub.api.assets import Shelf, encodings
from hub.app import create_app
from hub.auth.limits import MemoryLimiter
from hub.files import Asset
from hub.sdk import Plugin, hookimpl
from hub.services.hub import Hub

TEXT = "the same line again\n" * 40
PACKED = b"whatever the maker put there"


class Files:
    """A plugin that has one file served."""

    PLUGIN = Plugin(name="files", summary="A file")

    def __init__(self, asset: Asset) -> None:
        """Serve this one."""
        self.asset = asset

    @hookimpl
    def routes(self) -> list[Asset]:
        """Have it served."""
        return [self.asset]


@pytest.fixture
def asset(tmp_path: Path) -> Asset:
    """A script with a Brotli form beside it."""
    file = tmp_path / "made.js"
    file.write_text(TEXT)
    file.with_name("made.js.br").write_bytes(PACKED)
    return Asset(path="/files.js", file=file, max_age=60)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One store: no asset depends on it."""
    return sqlite_url


@pytest.fixture
async def client(asset: Asset, hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a hub with the plugin, that takes no encoding of its own accord."""
    hub.hooks.add("files", Files(asset))
    app = create_app(hub.settings, hub, MemoryLimiter())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://hub",
        headers={"Accept-Encoding": "identity"},
    ) as made:
        yield made


async def test_file_comes_as_it_is_and_every_site_may_load_it(client: httpx.AsyncClient) -> None:
    """Bytes, type, age, and what lets other origins use it, also as a module."""
    reply = await client.get("/files.js")

    assert (reply.status_code, reply.text) == (200, TEXT)
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["cache-control"].startswith("public, max-age=60, stale-while-revalidate=")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["vary"] == "Accept-Encoding"
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("BR", "br"),
        ("", None),
        ("deflate", None),
    ],
)
async def test_smallest_form_that_is_taken(
    client: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    """Brotli as it lies there, gzip that unpacks to the file, else the file."""
    bodies = {"br": PACKED, None: TEXT.encode()}
    async with client.stream("GET", "/files.js", headers={"Accept-Encoding": accepted}) as reply:
        body = b"".join([part async for part in reply.aiter_raw()])

    assert reply.headers.get("content-encoding") == encoding
    assert int(reply.headers["content-length"]) == len(body)
    assert (gzip.decompress(body) if encoding == "gzip" else body) == bodies.get(
        encoding, TEXT.encode()
    )


@pytest.mark.parametrize("accepted", ["br", "gzip", "identity"])
async def test_who_has_it_already_gets_nothing(client: httpx.AsyncClient, accepted: str) -> None:
    """The tag is strong and of the form; a weak one of it, or one of several, is known too."""
    headers = {"Accept-Encoding": accepted}
    async with client.stream("GET", "/files.js", headers=headers) as first:
        tag = first.headers["etag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        reply = await client.get("/files.js", headers=headers | {"If-None-Match": known})
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == tag
        assert "max-age" in reply.headers["cache-control"]
    other = await client.get("/files.js", headers={"If-None-Match": f'{tag[:-1]}x"'})
    assert other.status_code == 200
    assert re.fullmatch(r'"[0-9a-f]{32}(br|gzip)?"', tag)


async def test_head_has_the_headers_alone(client: httpx.AsyncClient) -> None:
    """As GET, without the body; other verbs are refused in our shape."""
    head = await client.head("/files.js")
    post = await client.post("/files.js")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == (await client.get("/files.js")).headers["etag"]
    assert (post.status_code, post.json()["error"]) == (405, "Method not allowed")


def test_another_content_has_another_tag(asset: Asset) -> None:
    """Whoever has the old file learns of the new one."""
    before = Shelf(asset).answer("", "").headers["etag"]
    asset.file.write_text("new")

    assert Shelf(asset).answer("", before).content == b"new"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip, br", {"gzip", "br"}),
        ("gzip;q=0, br;q=0.5", {"br"}),
        ("br; q=0.0, *;q=0", set()),
        ("", {""}),
    ],
)
def test_a_weight_of_nothing_refuses(header: str, taken: set[str]) -> None:
    """A q of 0, however it is written, says no; any other says yes."""
    assert encodings(header) == taken
