"""The stage of the browser journey: an installation, everybody's windows, and the eyes on each page they come to."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize

from demo.mailbox import Mailbox
from tests.journey.eyes import Eyes
from tests.rig.installation import Installation

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass
class Stage:
    """The installation, everybody's windows, and the eyes on them."""

    here: Installation
    mailbox: Mailbox
    eyes: Eyes
    browser: Browser
    folder: Path
    windows: list[BrowserContext]
    campaign: str = ""

    def window(self, size: ViewportSize | None = None) -> Page:
        """Somebody's own browser with one page."""
        context = self.browser.new_context(viewport=size or DESK, locale="en-GB")
        context.set_default_timeout(20_000)
        context.on("page", self.eyes.watch)
        self.windows.append(context)
        return context.new_page()

    def go(self, page: Page, path: str, state: str = "") -> None:
        """Open a page of the signed-in origin and look at it."""
        page.goto(self.here.app_url + path)
        self.eyes.look(page, state)

    def press(self, page: Page, words: str | re.Pattern[str], state: str = "") -> None:
        """Press a button or a link by its words, look at where it leads."""
        target = page.get_by_role("button", name=words).or_(page.get_by_role("link", name=words)).first
        with page.expect_navigation():
            target.click()
        self.eyes.look(page, state)


def fill(scope: Page | Locator, **values: str) -> None:
    """Type into fields by their names."""
    for name, value in values.items():
        scope.locator(f"[name={name}]:visible").fill(value)
