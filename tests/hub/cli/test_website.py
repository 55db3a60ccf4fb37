"""The demo's page: what it is made of, and who serves it."""

import re

import httpx

from tests.hub.cli.demo_site import Demo, demo

__all__ = ["demo"]

_ADDRESS = re.compile(r"""(?:src|href|url|action)\s*[=(]\s*["']?([^"'\s>)]+)""")


def test_the_demo_serves_a_page_with_the_widget(demo: Demo) -> None:
    """It is at the printed address, has the widget's key in it and never the server's."""
    page = demo.get("/")

    assert f"Website     {demo.address} " in demo.printed
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert f'data-key="{demo.key("Widget")}"' in page.text
    assert demo.key("Server") not in page.text


def test_the_page_needs_nothing_from_outside(demo: Demo) -> None:
    """Every address in it is its own or the hub's, and is there."""
    hub = f"http://127.0.0.1:{demo.port}"
    files = [demo.get(path).text for path in ("/", "/demo.css", "/demo.js", "/demo.svg")]
    found = {address for text in files for address in _ADDRESS.findall(text)}
    paths = {address.removeprefix(hub) for address in found if not address.startswith("#")}

    assert paths == {"/", "/demo.css", "/demo.js", "/demo.svg", "/docs", "/widget.js"}
    assert [path for path in paths if demo.get(path).status_code != 200] == []


def test_the_page_is_as_strict_as_the_widget_allows(demo: Demo) -> None:
    """Nothing is allowed but its own files and the hub; no inline script, no eval, no markup."""
    policy = demo.get("/").headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    hub = f"http://127.0.0.1:{demo.port}"

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == f"'self' {hub}"
    assert directives["connect-src"] == hub
    assert directives["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy


def test_who_comes_by_another_name_is_led_to_where_the_chat_works(demo: Demo) -> None:
    """By the number of this machine one is sent on; at any other name the page says where to go."""
    number = demo.get("/", f"127.0.0.1:{demo.port}")
    other = demo.get("/", "box.example:8000")

    assert (number.status_code, number.headers["location"]) == (302, demo.address)
    assert f'The chat works at <a href="{demo.address}">' in other.text
    assert "The chat works at" not in demo.get("/").text


def test_a_hub_that_serves_has_no_such_page(make_hub) -> None:
    """There `/` leads to the reference, and the page's files are not found."""
    hub = make_hub()
    hub.start()
    root = httpx.get(hub.url)

    assert (root.status_code, root.headers["location"]) == (302, "/docs")
    for path in ("/demo.css", "/demo.js", "/demo.svg", "/index.html"):
        assert httpx.get(hub.url + path).status_code == 404
