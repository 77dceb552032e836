"""A real browser, where there is one; tabs of it whose consoles must stay empty."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from server_parts.people import passwords
from tests.conftest import Chat

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.tab import Tab

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
)
WAIT = 10_000  # milliseconds

collect_ignore = []
try:
    import playwright  # noqa: F401
except ImportError:
    collect_ignore += ["tab.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests, without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    api.expect.set_options(timeout=WAIT)
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


OpenTab = Callable[..., "Tab"]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Opens tabs, each in a browser of its own unless it gets the context of another; their consoles stay empty."""
    from tests.browser.tab import Tab

    tabs: list[Tab] = []

    def open_one(port: int, beside: Tab | None = None, path: str = "", host: str = "127.0.0.1", **options: Any) -> Tab:
        context = browser.new_context(**options) if beside is None else beside.page.context
        context.set_default_timeout(WAIT)
        tabs.append(Tab(context, f"http://{host}:{port}/{path}"))
        return tabs[-1]

    yield open_one
    complaints = [complaint for tab in tabs for complaint in tab.complaints]
    for context in {tab.page.context for tab in tabs}:
        context.close()
    assert complaints == []


@pytest.fixture
def alice(browser: Browser, chat: Chat, open_tab: OpenTab) -> Tab:
    """In the lobby, in a browser."""
    return open_tab(chat.port).come_in("alice")


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as real ones are, in a thousandth of the time."""
    monkeypatch.setattr(passwords, "LOG_COST", 4)
