"""The pictures in the documentation are of what there is."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.plugins.hub_widget.browser import pictures
from tests.support.browser import Shop

MOST_BYTES = 24_000


def size(path: Path) -> tuple[int, int]:
    """Return the width and height that a PNG says."""
    head = path.read_bytes()[16:24]
    return int.from_bytes(head[:4]), int.from_bytes(head[4:])


def test_every_picture_is_there_and_small() -> None:
    """One for each kind, none besides."""
    found = {path.name: path for path in pictures.IMAGES.glob("widget-*.png")}

    assert set(found) == {f"widget-{kind}.png" for kind in pictures.KINDS}
    assert [name for name, path in found.items() if path.stat().st_size > MOST_BYTES] == []


@pytest.mark.heavy
def test_every_picture_can_be_taken(browser: Browser, shop: Shop, tmp_path: Path) -> None:
    """Each of them, as large as the one that is shown."""
    for path in pictures.take(browser, shop, tmp_path):
        assert size(path) == size(pictures.IMAGES / path.name), path.name
