"""A hub behind nginx, which compresses and buffers what it passes on unless it is told not to."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.client import UNLIMITED, new_business
from tests.support.hubs import Hub
from tests.support.processes import Process, free_port

pytestmark = pytest.mark.heavy

SECONDS = 5
VISITOR = f"v_1.{'0' * 32}"
SETTINGS = """
daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/pid;
events {{}}
http {{
  access_log off;
  gzip on;
  gzip_types *;
  gzip_proxied any;
  gzip_min_length 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {hub};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
    }}
  }}
}}
"""


@pytest.fixture
def hub(make_hub: Callable[..., Hub], sqlite_url: str) -> Hub:
    """A hub that runs."""
    hub = make_hub(DATABASE_URL=sqlite_url, **UNLIMITED)
    hub.start()
    return hub


@pytest.fixture
def proxy(hub: Hub, tmp_path: Path) -> Iterator[str]:
    """The address of an nginx in front of it, with compression for everything."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "this test needs nginx: apt-get install -y --no-install-recommends nginx-light"
    port = free_port()
    settings = tmp_path / "nginx.conf"
    settings.write_text(SETTINGS.format(folder=tmp_path, port=port, hub=hub.url))
    process = Process([program, "-c", settings, "-p", tmp_path], log=tmp_path / "nginx.log")
    url = f"http://127.0.0.1:{port}"
    try:
        process.wait_until(lambda: answers(url), SECONDS)
        yield url
    finally:
        process.kill()


def answers(url: str) -> bool:
    """Tell whether the hub can be reached there."""
    try:
        return httpx.get(f"{url}/health/live").is_success
    except httpx.TransportError:
        return False


async def bodies(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Give the texts of the messages as they come."""
    async for line in lines:
        event: dict[str, Any] = json.loads(line[5:]) if line.startswith("data:") else {}
        if event.get("type") == "message":
            yield event["body"]


async def test_replies_come_at_once(proxy: str, hub: Hub, sqlite_url: str) -> None:
    """Nothing waits in the proxy for more, although it compresses the stream."""
    business = await new_business(sqlite_url, "acme")
    headers = {**business.widget_headers, "X-Visitor": VISITOR, "Accept-Encoding": "gzip"}
    async with httpx.AsyncClient(base_url=f"{proxy}/api/v1", timeout=SECONDS) as client:
        first = await client.post("/widget/messages", json={"body": "hello"}, headers=headers)
        assert first.status_code == 200, first.text
        async with client.stream("GET", "/widget/stream", headers=headers) as stream:
            assert stream.headers["content-encoding"] == "gzip"
            told = bodies(stream.aiter_lines())
            assert await asyncio.wait_for(anext(told), SECONDS) == "hello"
            for number in range(3):
                sent = {"direction": "outbound", "body": f"answer {number}"}
                to = {"conversationId": first.json()["conversationId"]}
                await client.post("/messages", json={**sent, **to}, headers=business.bearer)
                assert await asyncio.wait_for(anext(told), SECONDS) == f"answer {number}"


def test_the_script_comes_compressed_once(proxy: str) -> None:
    """As the hub has compressed it, and as long."""
    plain = httpx.get(f"{proxy}/widget.js", headers={"Accept-Encoding": "identity"})
    packed = httpx.get(f"{proxy}/widget.js", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["access-control-allow-origin"] == "*"
