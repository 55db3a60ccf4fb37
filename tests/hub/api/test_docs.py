"""The page that people read."""

import re
import shlex
from html import unescape

import pytest

from hub.api import docs
from tests.hub.api.conftest import Business

NOBODYS = "01kb3e9v5hf0zt3tbwq6s1m8nd"
PAGE, STYLE = "http://hub/docs", "http://hub/docs.css"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One store: the page does not depend on it."""
    return sqlite_url


async def test_page_stands_alone(bakery: Business) -> None:
    """No script, nothing from another host, and a policy that says so."""
    page = await bakery.client.get(PAGE, headers={"authorization": ""})
    style = await bakery.client.get(STYLE, headers={"authorization": ""})

    assert (page.status_code, style.status_code) == (200, 200)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert re.findall(r'(?:href|src)="(?![#/])[^"]*"', page.text) == []
    assert "url(" not in style.text


async def test_page_shows_every_operation_and_object(bakery: Business) -> None:
    """What the document has, the page has; every link on it leads somewhere."""
    described = (await bakery.client.get("http://hub/schema/openapi.json")).json()
    page = (await bakery.client.get(PAGE)).text
    anchors = set(re.findall(r' id="([^"]+)"', page))

    operations = {
        operation["operationId"]
        for item in described["paths"].values()
        for operation in item.values()
    }
    objects = {
        name
        for name, schema in described["components"]["schemas"].items()
        if "properties" in schema
    }
    assert operations | objects <= anchors
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert all(f"<code>{name}</code>" in page for name in described["webhooks"])


async def test_examples_can_be_run_as_they_stand(bakery: Business) -> None:
    """Each curl for a server key does what it says, once the key is put in.

    The ids in them are nobody's, so reading one of them is 404.
    """
    page = (await bakery.client.get(PAGE)).text
    commands = [unescape(text) for text in re.findall(r"<code>(curl [^<]+)</code>", page)]

    tried = 0
    for command in commands:
        words = shlex.split(command)
        url = next(word for word in words if word.startswith("http"))
        verb = words[words.index("-X") + 1] if "-X" in words else "GET"
        headers = [words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H"]
        if ["Authorization", "Bearer $SERVER_KEY"] in headers:
            sent = {name: value for name, value in headers if name != "Authorization"}
            body = words[words.index("-d") + 1] if "-d" in words else None
            reply = await bakery.client.request(verb, url, headers=sent, content=body)
            wanted = {404} if "01kb3e9v5hf0zt3tbwq6s1m8nd" in url else {200, 201}
            assert reply.status_code in wanted, command
            tried += 1
    assert tried > 10


async def test_what_a_plugin_says_is_text(bakery: Business) -> None:
    """A description cannot write into the page."""
    described = (await bakery.client.get("http://hub/schema/openapi.json")).json()
    operation = described["paths"]["/api/v1/me"]["get"]
    operation["summary"] = operation["description"] = "<b>bold</b> `<i>`"

    page = docs.page(described, "http://hub'>")

    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; <code>&lt;i&gt;</code>" in page
    assert "http://hub&#39;&gt;" in page
