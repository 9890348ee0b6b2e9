"""Eyes on every page that somebody of the story visits: axe-core, the browser's console, the screen's width, the server's answer.

Nothing is asserted on the way; at the end `complaints()` says all of it at once, each with its page.
"""

import re

from playwright.sync_api import ConsoleMessage, Page, Response, expect

from tests.browser import WIDTHS, axe, too_wide

_ID = re.compile(r"[A-Za-z0-9_-]{22,}")


class Eyes:
    """What was seen so far, by page and state."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to a page's console, scripts and answers for as long as it lives."""
        page.on("console", lambda message: self._heard(page, message))
        page.on("pageerror", lambda error: self._complain(page, f"a script failed: {error}"))
        page.on("response", lambda response: self._answered(page, response))

    def look(self, page: Page, state: str = "") -> None:
        """Look at what stands there now, once for each page and `state` of it, at both widths."""
        _settle(page)
        name = f"{_address(page)} {page.viewport_size['width'] if page.viewport_size else ''} {state}".strip()
        if name in self.seen:
            return
        self.seen.add(name)
        self.found += [f"{name}: {line}" for line in axe(page)]
        here = page.viewport_size or {"width": WIDTHS[0], "height": 900}
        for width in sorted(WIDTHS, key=lambda one: one != here["width"]):
            page.set_viewport_size({"width": width, "height": here["height"]})
            if too_wide(page):
                self.found.append(f"{name}: wider than a screen of {width} px")
        page.set_viewport_size(here)

    def complaints(self) -> str:
        """Everything that is wrong, a line each."""
        return "\n".join(dict.fromkeys(self.found))

    def _heard(self, page: Page, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(page, f"the console says: {message.text}")

    def _answered(self, page: Page, response: Response) -> None:
        if response.status >= 400:
            self._complain(
                page,
                f"{response.request.method} {_ID.sub('…', response.url)} was answered with {response.status}",
            )

    def _complain(self, page: Page, text: str) -> None:
        self.found.append(f"{_address(page)}: {text}")


def _settle(page: Page) -> None:
    """Wait until nothing loads, is swapped or moves: half-way through a change of colour nothing has its contrast."""
    page.wait_for_load_state()
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    page.evaluate(
        """() => Promise.all(document.getAnimations()
            .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))
            .map(one => one.finished.catch(() => null)))"""
    )


def _address(page: Page) -> str:
    return (
        _ID.sub("…", page.url.partition("://")[2].partition("/")[2].partition("?")[0]).rstrip("/") or "home"
    )
