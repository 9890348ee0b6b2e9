"""The people who get the mail, and the machines that read it before them.

Each person's doings follow from a seeded lot over their address; machines follow every link at once, with an agent of their own.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from demo.browser import Browser, Page
from demo.mailbox import Letter
from demo.people import Human

READING = 2.2  # seconds a person needs at least for a mail, and for a form
SCANNER = "python-requests/2.32.3"
WISHES = (
    "Mornings are best.",
    "We have 30 drivers who log in from the road. Is that part of it?",
    "Please call after 2 June, we are moving.",
    "Can you also look at our backups?",
    "",
)


@dataclass
class Doings:
    """What happened in the mailboxes, as the people themselves would tell it."""

    opened: int = 0
    scanned: int = 0
    clicked: list[str] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    unsubscribed: list[str] = field(default_factory=list)


class Prospects:
    """Everyone in the partner's list. `seed` decides who does what."""

    def __init__(self, home: str, people: Sequence[Human], seed: int) -> None:
        self.home = home
        self.by_address = {p.email: p for p in people}
        self.lot = random.Random(seed)

    def live(self, letters: Sequence[Letter]) -> Doings:
        """Machines come first; then people open, click, fill in the form, or say no."""
        doings = Doings()
        order = sorted(letters, key=lambda letter: letter.to)
        self.lot.shuffle(order)
        scanned, readers = order[: len(order) // 12], order[len(order) // 12 :]
        for letter in scanned:
            self._scan(letter)
        doings.scanned = len(scanned)
        time.sleep(READING)
        opening = [x for x in readers if self.lot.random() < 0.6]
        clicking = [x for x in opening if self.lot.random() < 0.55]
        asking = [x for x in clicking if self.lot.random() < 0.5]
        leaving = [x for x in readers if x not in opening][:3]
        with ThreadPoolExecutor(8) as pool:
            doings.opened = sum(pool.map(self._open, opening))
            pages = dict(zip([x.to for x in clicking], pool.map(self._click, clicking), strict=True))
            doings.clicked = list(pages)
            time.sleep(READING)
            wishes = [self.lot.choice(WISHES) for _ in asking]
            list(
                pool.map(
                    lambda x: self._ask(pages[x[0].to], self.by_address[x[0].to], x[1]),
                    zip(asking, wishes, strict=True),
                )
            )
            doings.submitted = [x.to for x in asking]
            list(pool.map(self._leave, leaving))
            doings.unsubscribed = [x.to for x in leaving]
        for page in pages.values():
            page.browser.close()
        return doings

    def _scan(self, letter: Letter) -> None:
        with httpx.Client(headers={"User-Agent": SCANNER}, follow_redirects=False, timeout=30) as client:
            for link in letter.links():
                client.head(link)
                client.get(link)

    def _open(self, letter: Letter) -> int:
        pictures = letter.images()
        with httpx.Client(
            headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Thunderbird/140.0"}, timeout=30
        ) as client:
            return sum(client.get(url).status_code == 200 for url in pictures if "/o/" in url)

    def _click(self, letter: Letter) -> Page:
        return Browser(self.home).open(letter.links()[0])

    def _ask(self, page: Page, person: Human, wish: str) -> None:
        form = page.form("")
        form.fill(
            name=person.name, company=person.company, email=person.email, note=wish, consent=True
        ).submit()

    def _leave(self, letter: Letter) -> None:
        answer = httpx.post(letter.one_click(), data={"List-Unsubscribe": "One-Click"}, timeout=30)
        answer.raise_for_status()
