"""Make the README's pictures of the page for browsers: `python docs/page_pictures.py`.

It starts the server with people who talk, opens the page in Chromium, light and dark, and takes its picture. It needs
tests/browser/requirements.txt, Chromium, and a font with emoji.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.tab import Tab
from tests.peers import Native
from tests.programs import server_program

HERE = Path(__file__).parent
SIZE = {"width": 1000, "height": 560}


def talk(port: int) -> list[Native]:
    """People who have said something of everything."""
    ben, cleo = Native(port, "ben", color="magenta"), Native(port, "cleo", color="green")
    ben.tell("Good morning! The plan for the move is at https://example.org/plan")
    question = ben.tell("Shall we meet at three, in the small room?")["id"]
    cleo.say("Three is fine. I will bring the cake.", reply=question)
    cake = ben.message_from("cleo")["id"]
    ben.say("🎂", react=cake)
    cleo.tell("The servers are packed:\n```\nrack 4    12 machines    labels checked\n```")
    return [ben, cleo]


def take(browser: Browser, port: int, scheme: str) -> None:
    """One picture, as soon as everything is there."""
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport=SIZE, device_scale_factor=1.5
    )
    ben, cleo = talk(port)
    ada = Tab(context, f"http://localhost:{port}/").come_in("ada")
    ben.tell("Are you coming, too?", "@ada")
    ada.room("ben").wait_for()
    ada.sees("The servers are packed")
    ada.tell("Then I will book the room. Thank you, cleo!")
    ada.page.fill("#input", "And who brings the coff")
    ada.page.click("#people-button")
    ada.page.locator("#people button").filter(has_text="cleo").wait_for()
    ada.page.locator("#notices button").click()
    ada.page.screenshot(path=HERE / f"page-{scheme}.png")
    context.close()
    for one in (ben, cleo):
        one.close()


def main() -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            with server_program() as server:
                take(browser, server.port, scheme)
        browser.close()


if __name__ == "__main__":
    main()
