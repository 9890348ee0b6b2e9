"""The story, once, from kit to return: who does what in which order, and what each of them reads off the pages at the end."""

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from demo.browser import Page, Stuck
from demo.mailbox import Letter, Mailbox
from demo.partner import MAYA, MAYA_MAIL, ORGANISATION, Partner
from demo.people import Human, crowd
from demo.prospects import Doings, Prospects
from demo.vendor import INGRID, INGRID_MAIL, TOMAS, TOMAS_MAIL, Vendor

KIT = "Secure the Hybrid Office"
SINGULAR = {
    "deal won": "deals won",
    "deal registered": "deals registered",
    "lead": "leads",
    "person clicked": "people clicked",
}
DEALS = 6
T = TypeVar("T")
Say = Callable[[str], None]


@dataclass
class Report:
    """What the players did and what the pages told them, as plain data."""

    campaign_url: str = ""
    did: dict[str, int] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    verdict: str = ""
    returned: str = ""
    people: list[dict[str, str]] = field(default_factory=list)

    def plain(self) -> dict[str, object]:
        """As JSON wants it."""
        return asdict(self)


class Story:
    """One run. `folder` is where the players keep their files; `seed` decides who does what."""

    def __init__(self, home: str, folder: Path, kit: Path, contacts: int, seed: int, say: Say) -> None:
        self.home, self.folder, self.kit, self.say = home, folder, kit, say
        self.people: list[Human] = crowd(contacts, seed)
        self.seed = seed
        self.mailbox = Mailbox(home)
        self.vendor = Vendor(home, self.mailbox)
        self.partner = Partner(home, self.mailbox)
        self.report = Report()

    def play(self) -> Report:
        """The whole story."""
        self.prepare()
        letters = self.send()
        doings = self.meet(letters)
        self.sell(doings)
        self.settle()
        self.read_figures()
        self.report.people = [
            {"name": INGRID, "email": INGRID_MAIL, "what": "makes kits at the vendor"},
            {"name": TOMAS, "email": TOMAS_MAIL, "what": "decides on money at the vendor"},
            {"name": MAYA, "email": MAYA_MAIL, "what": "runs campaigns at the partner"},
        ]
        return self.report

    def prepare(self) -> None:
        """Kit, invitation, brand, contacts, words, people, money."""
        self.vendor.come_in()
        self.vendor.publish(self.kit)
        self.say("Ingrid published the kit and brought in Tomás, who decides on money")
        self.vendor.invite_partner(ORGANISATION, MAYA, MAYA_MAIL)
        self.partner.come_in()
        self.partner.dress(self.folder)
        self.say("Maya accepted the invitation and set up her brand")
        self.vendor.give_money(ORGANISATION)
        imported = self.partner.bring(self.people, self.folder)
        until(lambda: self.partner.imported(imported), "the import")
        self.say(f"Maya imported {len(self.people)} contacts with the reason why they may be mailed")
        self.partner.make(KIT)
        self.partner.choose_people()
        self.partner.ask_for_money()
        self.vendor.approve_request()
        self.say("Maya made the campaign hers and asked for money; Tomás approved it")

    def send(self) -> list[Letter]:
        """Launch, and wait until every message is decided."""
        self.partner.launch()
        self.report.campaign_url = self.partner.campaign_url
        until(lambda: "Finished" in self.partner.results().text or None, "the send")
        addresses = {p.email for p in self.people}
        letters = [x for x in self.mailbox.all() if x.to in addresses]
        self.report.did["letters"] = len(letters)
        self.report.did["mailboxes"] = len({x.to for x in letters})
        self.say(f"Workers sent {len(letters)} messages into the mailbox")
        return letters

    def meet(self, letters: list[Letter]) -> Doings:
        """Machines and people do with the mail what they do."""
        doings = Prospects(self.home, self.people, self.seed).live(letters)
        self.report.did |= {
            "scanned": doings.scanned,
            "opened": doings.opened,
            "clicked": len(doings.clicked),
            "submitted": len(doings.submitted),
            "unsubscribed": len(doings.unsubscribed),
        }
        self.say(
            f"{len(doings.clicked)} people clicked, {len(doings.submitted)} left their details, {doings.scanned} machines clicked too"
        )
        return doings

    def sell(self, doings: Doings) -> None:
        """Leads are answered, deals registered, decided, and one is won."""
        self.report.did["answered"] = self.partner.answer_leads()
        deals = self.partner.register_deals(DEALS)
        self.report.did["deals"] = len(deals)
        refused = deals[-1].account
        self.report.did["protected"] = self.vendor.decide_deals(deny=refused)
        self.partner.win(deals[0])
        self.report.did["won"] = 1
        self.say(
            f"Maya answered {len(doings.submitted)} leads, registered {len(deals)} deals and won one, worth EUR {deals[0].amount}"
        )

    def settle(self) -> None:
        """The claim, its approval, the payment."""
        claim = self.partner.claim(self.folder)
        self.vendor.approve_claim()
        self.vendor.pay(claim.url, "SEPA-2026-0417")
        self.say("Maya claimed with one invoice; Tomás approved and paid")

    def read_figures(self) -> None:
        """What the pages say in the end."""
        results = self.partner.results()
        self.report.pages = figures_of(results)
        test = (
            self.partner.maya.open(self.partner.campaign_url).follow("Test")
            if results.has_link("Test")
            else None
        )
        verdict = test.soup.select_one(".tl-verdict") if test else None
        self.report.verdict = " ".join(verdict.get_text(" ").split()) if verdict else ""
        home = self.vendor.ingrid.open("/")
        returned = results.soup.select_one("#return")
        self.report.returned = " ".join(returned.get_text(" ").split()) if returned else ""
        self.report.pages |= {f"vendor {label}": value for label, value in figures_of(home).items()}


def figures_of(page: Page) -> dict[str, str]:
    """Every figure on a page by its words: steps of the funnel and lists of figures."""
    found: dict[str, str] = {}
    for item in page.soup.select(".tl-funnel li"):
        value, label = item.select_one(".v"), item.select_one(".l")
        if value and label:
            found[SINGULAR.get(words := label.get_text(" ", strip=True), words)] = value.get_text(
                " ", strip=True
            )
    for item in page.soup.select(".tl-figures > div"):
        label, value = item.find("dt"), item.find("dd")
        if label and value:
            found[label.get_text(" ", strip=True)] = re.sub(r"\s+", " ", value.get_text(" ", strip=True))
    return found


def until(look: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """Look again every quarter of a second until there is something to see."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.25)
    raise Stuck(f"{what} did not finish within {seconds:.0f} s")
