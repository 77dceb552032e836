"""A tab of a real browser that shows the chat: what a person does there, and what they see."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Route, expect

from tests.peers import wait_until

OUTAGE = re.compile(
    r"WebSocket connection to .* failed|Failed to load resource: (net::ERR_|.*status of 409)"
)  # Chromium's own words


class Tab:
    """One tab. All that its console says is kept; `expects_outage`: the browser may tell that a server is away."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
        self.expects_outage = False
        self._said: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._said.append(f"error: {error} {error.stack}"))
        self.page.goto(url)

    def _hear(self, message: ConsoleMessage) -> None:
        self._said.append(f"{message.type}: {message.text}")

    @property
    def complaints(self) -> list[str]:
        """What the console said, without what is known to belong there."""
        return [text for text in self._said if not (self.expects_outage and OUTAGE.search(text))]

    def hold(self, url: str | re.Pattern[str]) -> Callable[[], None]:
        """Let the page wait for what it asks for there; what is returned brings it, once something was asked for."""
        held: list[Route] = []
        bring = [held.append]
        self.page.route(url, lambda route: bring[-1](route))

        def release() -> None:
            assert wait_until(lambda: bool(self.value("true") and held))
            bring.append(lambda route: route.continue_())
            for route in held:
                route.continue_()

        return release

    # --- what a person does ---

    def come_in(self, name: str, password: str = "") -> Tab:
        self.ask_to_come_in(name, password)
        expect(self.page.locator("#app")).to_be_visible()
        self.seems_online()
        return self

    def ask_to_come_in(self, name: str, password: str = "") -> None:
        self.page.fill("#login-name", name)
        self.page.fill("#login-password", password)
        self.page.click("#login-button")

    def say(self, text: str) -> None:
        self.page.fill("#input", text)
        self.page.press("#input", "Enter")

    def tell(self, text: str) -> None:
        """Say something and see that it has arrived."""
        self.say(text)
        self.sees(text)

    def enter(self, room: str) -> None:
        """Join a room by command; what is typed next belongs to it once it is on the screen."""
        self.say(f"/join {room}")
        expect(self.page.locator("#room-name")).to_have_text(f"# {room}")

    def open(self, room: str) -> None:
        self.room(room).click()
        expect(self.room(room)).to_have_attribute("aria-current", "page")

    def choose(self, *labels: str) -> None:
        """Click buttons one after the other."""
        for label in labels:
            self.page.get_by_role("button", name=label).last.click()

    # --- what they see ---

    def room(self, name: str) -> Locator:
        """The button of a room, or of a private talk."""
        return self.page.locator("#room-list [data-room]").filter(has_text=re.compile(f"{re.escape(name)}\\d*$"))

    def row(self, text: str) -> Locator:
        return self.page.locator("#rows article").filter(has_text=text)

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.row(text).first).to_be_visible()

    def texts(self) -> list[str]:
        """The messages on the page, without times and signs."""
        found: list[str] = self.page.locator("#rows article .text").evaluate_all(
            "all => all.map(one => [...one.childNodes].filter(n => !n.className).map(n => n.textContent).join(''))"
        )
        return found

    def seems_online(self) -> None:
        expect(self.page.locator("#banner")).to_be_hidden()
        expect(self.page.locator("#room-name")).not_to_be_empty()
        assert self.comes_to("document.onkeydown !== null", True)  # keys do something

    def value(self, script: str) -> Any:
        return self.page.evaluate(script)

    def comes_to(self, script: str, value: Any) -> bool:
        """Whether a script has that value sometime. The browser's own waiting evaluates text, which is forbidden."""
        return wait_until(lambda: bool(self.value(script) == value))
