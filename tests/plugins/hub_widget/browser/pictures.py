"""The pictures of the widget in `docs/images`, taken of a real talk.

python -m tests.plugins.hub_widget.browser.pictures takes them anew; pngquant makes them small.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.plugins.hub_widget.browser.chat import Chat
from tests.support.browser import FLAGS, RATES, ROOT, Answer, Shop, Site, open_shop, program
from tests.support.hubs import Hub

WAITING = "Waiting…"
IMAGES = ROOT / "docs" / "images"
WINDOW = {"width": 500, "height": 720}
PHONE = {"width": 390, "height": 720}
KINDS: Mapping[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "rtl": {"locale": "he-IL"},
    "forced": {"forced_colors": "active", "color_scheme": "dark"},
    "offline": {},
    "long": {},
    "closed": {},
}
STYLE = """<style>
  body { margin: 0; background: #f4f1ea } main { display: none }
  @media (prefers-color-scheme: dark) { body { background: #17191d } }
</style>"""
GREETING, TITLE = "Ask us anything about bread!", "Bakery on the Square"
QUESTION, THANKS = "Good morning! Do you have rye bread tomorrow?", "Oh lovely, two please"
ANSWERS = ("Yes, from seven on. Shall I keep one for you?", "Or order: https://bakery.example")
HEBREW = {
    GREETING: "אפשר לשאול אותנו כל דבר על לחם!",
    TITLE: "המאפייה בכיכר",
    QUESTION: "בוקר טוב! יהיה לכם לחם שיפון מחר?",
    THANKS: "נהדר, שניים בבקשה",
    ANSWERS[0]: "כן, החל משבע. לשמור לך אחד?",
    ANSWERS[1]: "או להזמין: https://bakery.example",
}
LOAF = "Spelt, wheat and rye, and on Fridays a long loaf with nuts and figs in it."


def take(browser: Browser, shop: Shop, folder: Path) -> Iterator[Path]:
    """Take every picture; yield where it is."""
    for kind, options in KINDS.items():
        context = browser.new_context(**{"viewport": WINDOW, "locale": "en-GB", **options})
        words = HEBREW if kind == "rtl" else {}
        greeting = words.get(GREETING, GREETING)
        shop.hub.command("org", "set", "shop", f"greeting={greeting}")
        page = shop.page(head=STYLE, title=words.get(TITLE, TITLE))
        if kind == "rtl":
            page = page.replace("<html", '<html dir="rtl"')
        shop.site.pages["/"] = Answer(page)
        chat = Chat(shop, context.new_page())
        chat.come()
        _talk(chat, kind, words)
        chat.page.mouse.move(0, 0)
        chat.page.wait_for_timeout(500)
        if kind == "offline":
            chat.notes("at", "at", WAITING)
        path = folder / f"widget-{kind}.png"
        chat.page.screenshot(path=path)
        context.close()
        yield path


def _talk(chat: Chat, kind: str, words: Mapping[str, str]) -> None:
    chat.open()
    chat.say(words.get(QUESTION, QUESTION))
    chat.notes("at")
    chat.replies(*(words.get(answer, answer) for answer in ANSWERS))
    chat.until(lambda: len(chat.texts()) == 3, chat.texts)
    chat.say(words.get(THANKS, THANKS))
    chat.notes("at", "at")
    if kind == "long":
        chat.replies(*(f"{number}. {LOAF}" for number in range(1, 9)))
        chat.until(lambda: len(chat.texts()) == 12, chat.texts)
        chat.say("That is a lot of bread.\nThank you!")
        chat.notes("at", "at", "at")
    if kind == "offline":
        chat.page.context.set_offline(True)
        chat.say("Are you open on Sunday?")
        chat.notes("at", "at", WAITING)
    if kind == "closed":
        chat.launcher.click()
        chat.replies("With pleasure.", "Until tomorrow!")
        chat.until(lambda: chat.launcher.inner_text() == "2", chat.texts)


def main() -> None:
    """Take them and put them into the documentation."""
    quant = shutil.which("pngquant")
    if quant is None:
        sys.exit("pngquant is needed: apt-get install -y pngquant")
    with tempfile.TemporaryDirectory() as temporary, Site() as site, sync_playwright() as driver:
        folder = Path(temporary)
        hub = Hub(folder, dict.fromkeys((*RATES, "READ_RATE_PER_MIN"), "1000000"))
        try:
            shop = open_shop(hub, site)
            browser = driver.chromium.launch(executable_path=program(), args=FLAGS)
            for path in take(browser, shop, folder):
                small = [quant, "--force", "--strip", "--speed=1", "--output", IMAGES / path.name]
                subprocess.run([*small, "64", path], check=True)
            browser.close()
        finally:
            hub.close()


if __name__ == "__main__":
    main()
