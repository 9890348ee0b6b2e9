"""The answers to links and pixels of mails: noted first, then answered, out of memory and with no database in between.

The web server's front asks here before it wakes Flask; the views ask the same after reading what was not in memory. So both say the same.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from app import tokens
from app.clock import now
from app.delivery.compose import CLICK, OPEN, RENDERING
from app.errors import NotFound
from app.settings import Settings, current
from app.tracking.known import Known, redirect_body
from app.tracking.models import EventKind
from app.tracking.spool import Noted, Spool, folder

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NO_STORE = ("Cache-Control", "no-store")
_CLICK, _OPEN, _VIEW = EventKind.CLICK.value, EventKind.OPEN.value, EventKind.VIEW.value
AGENT_LENGTH = 300

Note = Callable[[Noted], object]


@dataclass(frozen=True)
class Visit:
    """One request as it came: HTTP method and user agent."""

    method: str
    agent: str


@dataclass(frozen=True)
class Answer:
    """A whole answer; every header but the length and those that all our answers carry."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Tracker:
    """Tokens, memory and spool of one web process."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self.key = key
        self.known = Known()
        self.spool = Spool(folder(settings.data_dir))

    def click(self, token: str, number: int, visit: Visit, note: Note | None = None) -> Answer | None:
        """Note a click and send it on; None (and nothing noted) where memory does not hold where it leads. Raises BadToken, OSError."""
        delivery, rendering = self.holder(token)
        known = self.known
        send = known.send_of(delivery) if delivery else known.send_of_rendering(rendering)
        target = known.target(send, number) if send else None
        if target is None:
            return None
        (note or self.spool.append)(_noted(_CLICK, visit, delivery, rendering, number))
        address = target.address(token)
        headers = (("Content-Type", "text/html; charset=utf-8"), ("Location", address), _NO_STORE)
        return Answer(302, headers, redirect_body(address))

    def load_click(self, token: str, number: int) -> None:
        """Read what `click` needs. Raises BadToken, and NotFound where there is no such mail or link."""
        delivery, rendering = self.holder(token)
        known = self.known  # of many first requests at once, one reads and the others find it here
        if delivery:
            send = known.send_of(delivery) or known.load_delivery(delivery)
        else:
            send = known.send_of_rendering(rendering) or known.load_rendering(rendering)
        if send is None:
            raise tokens.BadToken()
        if (known.target(send, number) or known.load_target(send, number)) is None:
            raise NotFound(kind="Link")

    def pixel(self, token: str, visit: Visit, note: Note | None = None) -> Answer | None:
        """Note an open and give the picture; None (and nothing noted) where memory does not hold the mail. Raises BadToken, OSError."""
        delivery = tokens.read(OPEN, token, self.key)
        if self.known.send_of(delivery) is None:
            return None
        (note or self.spool.append)(_noted(_OPEN, visit, delivery))
        return Answer(200, (("Content-Type", "image/gif"), _NO_STORE), PIXEL)

    def load_pixel(self, token: str) -> None:
        """Read what `pixel` needs. Raises BadToken."""
        delivery = tokens.read(OPEN, token, self.key)
        if (self.known.send_of(delivery) or self.known.load_delivery(delivery)) is None:
            raise tokens.BadToken()

    def view(
        self, token: str, page: int, partner: int, campaign: int, visit: Visit, note: Note | None = None
    ) -> None:
        """Note that a page was read; a token that is not ours says nothing about who. Raises OSError."""
        try:
            delivery, rendering = self.holder(token) if token else (0, 0)
        except tokens.BadToken:
            delivery = rendering = 0
        noted = _noted(_VIEW, visit, delivery, rendering)
        (note or self.spool.append)(noted._replace(page=page, partner=partner, campaign=campaign))

    def holder(self, token: str) -> tuple[int, int]:
        """The mail's id that a link's token holds, or the rendering's for people who are not tracked; the other is 0. Raises BadToken."""
        try:
            return tokens.read(CLICK, token, self.key), 0
        except tokens.BadToken:
            return 0, tokens.read(RENDERING, token, self.key)


def _noted(kind: str, visit: Visit, delivery: int, rendering: int = 0, number: int = 0) -> Noted:
    agent = visit.agent[:AGENT_LENGTH]
    return Noted(kind, delivery, rendering, number, visit.method[:8], agent, now().timestamp())


def tracker() -> Tracker:
    """The tracker of the running application (needs an application context)."""
    made = current_app.extensions.get("tracker")
    if made is None:  # of two threads at once the first one's counts
        made = current_app.extensions.setdefault("tracker", Tracker(current(), tokens.token_key()))
    found: Tracker = made
    return found
