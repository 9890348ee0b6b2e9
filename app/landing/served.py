"""A published page as bytes: drawn once when it is published, with one place left for what a single visitor's form carries.

A web process keeps pages for a moment, so that a view needs neither database nor template; whether a page is still open is asked
again after that moment.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app

from app.landing.models import PublishedPage
from app.render.page import CompiledPage
from app.render.page_form import hidden_inputs
from app.settings import current
from app.tracking.answers import Answer, Note, Tracker, Visit
from app.web.hosts import public_url_for, static_url

FRESH = 2.0
"""Seconds for which a process serves a page without asking whether it is still open."""

_LOOKING = 0.5  # seconds that a look at the database may take before another visitor is sent
_MOST = 1_000  # pages a process keeps
_HEADERS = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))


def stylesheets(row: PublishedPage) -> tuple[str, str]:
    """The addresses of the page's stylesheets: the product's, and the partner's colours."""
    return static_url(current().public_url, "landing.css"), public_url_for("landing.brand", pid=row.pid)


def draw(row: PublishedPage, page: CompiledPage) -> dict[str, str]:
    """The page in two halves around its form's hidden fields, and the origin whose addresses stand in it."""
    mark = secrets.token_hex(16)
    drawn = page.render(
        public_url_for("landing.page", pid=row.pid), hidden={mark: mark}, stylesheets=stylesheets(row)
    )
    before, _, after = drawn.partition(hidden_inputs({mark: mark}))
    return {"origin": current().public_url, "before": before, "after": after}


@dataclass(frozen=True)
class Served:
    """A page ready to be sent, and whose it is."""

    page_id: int
    partner_id: int
    campaign_id: int
    before: bytes
    after: bytes

    def fill(self, form_token: str, link_token: str = "", source: Mapping[str, str] | None = None) -> bytes:
        """The page for one visitor; `source` is what is kept of the address (UTM parameters)."""
        hidden = {"form_token": form_token, "t": link_token, **(source or {})}
        inputs = hidden_inputs({key: value for key, value in hidden.items() if value})
        return b"".join((self.before, inputs.encode(), self.after))


def served(row: PublishedPage) -> Served:
    """A page as it was drawn; one from before pages were drawn, or for another public address, is drawn now."""
    drawn = row.served
    if drawn is None or drawn["origin"] != current().public_url:
        drawn = draw(row, CompiledPage.from_plain(row.content["compiled"]))
    before, after = drawn["before"].encode(), drawn["after"].encode()
    return Served(row.id, row.partner_id, row.campaign_id, before, after)


class Pages:
    """The open pages that one process remembers, each for a moment."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Served]] = {}
        self._lock = threading.Lock()

    def find(self, pid: str) -> Served | None:
        """A page that was open a moment ago; None where it has to be looked up.

        When its moment is over, one visitor is sent to look, and the others are served meanwhile.
        """
        known = self._known.get(pid)
        if known is None:
            return None
        moment = time.monotonic()
        if known[0] > moment:
            return known[1]
        self._known[pid] = (moment + _LOOKING, known[1])
        return None

    def keep(self, pid: str, row: PublishedPage) -> Served:
        """Remember an open page; returns it ready to be sent."""
        old = self._known.get(pid)
        made = old[1] if old and old[1].page_id == row.id else served(row)
        with self._lock:
            if len(self._known) >= _MOST and pid not in self._known:
                del self._known[next(iter(self._known))]
            self._known[pid] = (time.monotonic() + FRESH, made)
        return made

    def forget(self, pid: str) -> None:
        """A page that is no longer open."""
        self._known.pop(pid, None)


def view(
    page: Served,
    form_token: str,
    token: str,
    visit: Visit,
    tracker: Tracker,
    source: Mapping[str, str] | None = None,
    note: Note | None = None,
) -> Answer:
    """The answer to a view, noted before it is given. `token` is the link's, as the address holds it. Raises OSError."""
    tracker.view(token, page.page_id, page.partner_id, page.campaign_id, visit, note)
    return Answer(200, _HEADERS, page.fill(form_token, token, source))


def pages() -> Pages:
    """The pages of the running application (needs an application context)."""
    found: Pages = current_app.extensions.setdefault("landing_pages", Pages())
    return found
