"""The partner's person: Maya, who has twenty minutes and no marketing department."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from demo.browser import Browser, Page
from demo.day import today
from demo.doors import accept
from demo.mailbox import Mailbox
from demo.people import Human, as_csv
from demo.pictures import logo

ORGANISATION = "Harbour IT"
MAYA, MAYA_MAIL = "Maya de Vries", "maya@harbour-it.example"
LIST = "Customers and prospects"
WORDING = "Yes, Harbour IT may write to me about its services. I can stop that at any time."
WORTH = ("12,600.00", "9,200.00", "21,400.00", "6,400.00", "14,500.00", "10,400.00")


@dataclass(frozen=True)
class Deal:
    """A deal as Maya registered it."""

    account: str
    amount: str
    url: str


class Partner:
    """Harbour IT."""

    def __init__(self, home: str, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.maya = Browser(home)
        self.campaign_url = ""
        self.claim_url = ""

    def come_in(self) -> None:
        """Maya accepts the vendor's invitation and says who they are."""
        accept(self.maya, self.mailbox, MAYA_MAIL, MAYA, "to run campaigns together", "Accept and begin")

    def dress(self, folder: Path) -> Page:
        """Logo, colours, postal address, sender."""
        picture = folder / "harbour-it.png"
        picture.write_bytes(logo())
        form = self.maya.open("/brand").form("Save").attach("logo", picture, "image/png")
        form.fill(
            primary_color="#15324b", call_color="#b9431a", legal_name="Harbour IT B.V.", phone="010 555 01 40"
        )
        form.fill(postal_address="Wilhelminakade 88, 3072 AR Rotterdam", website="https://harbour-it.example")
        return form.fill(sender_name=ORGANISATION, reply_to=MAYA_MAIL).submit("Save")

    def bring(self, people: Sequence[Human], folder: Path) -> Page:
        """Import the contacts that the CRM exported, with why they may be mailed."""
        export = folder / "contacts.csv"
        export.write_text(as_csv(list(people)), encoding="utf-8")
        page = (
            self.maya.open("/contacts/imports/new")
            .form("Read the file")
            .attach("file", export, "text/csv")
            .submit("Read the file")
        )
        form = page.form("Import").choose("why", "They agreed")
        form.set("Agreed on becomes", "Consent: date").set("Tracking becomes", "Tracking: yes or no")
        return form.fill(source="Maritime IT Day, registration form", wording=WORDING, list_name=LIST).submit(
            "Import"
        )

    def imported(self, page: Page) -> Page | None:
        """The import's page once it is finished; None while it runs."""
        again = self.maya.open(page.url)
        return None if "Importing" in again.text or "Waiting" in again.text else again

    def make(self, kit: str) -> Page:
        """Choose the kit and make it ours: the words, and a test of two subject lines."""
        page = self.maya.open("/kits").follow(kit).form("Make it yours").submit("Make it yours")
        self.campaign_url = page.url.partition("?")[0].removesuffix("/words")
        form = page.form("Save")
        form.set(
            "slot-local",
            "We have kept offices around the Maas running since 2009. In two hours we look at 30 points and leave you a list.",
        )
        form.set("slot-until", (today() + timedelta(days=28)).isoformat()).set(
            "slot-person", "Jonas Bakker"
        ).set("slot-phone", "010 555 01 48")
        return form.submit("Save").form("Test these two").submit("Test these two")

    def choose_people(self) -> Page:
        """Everyone in the list."""
        return (
            self.maya.open(f"{self.campaign_url}/audience").form("Next").choose("list", LIST).submit("Next")
        )

    def ask_for_money(self) -> Page:
        """Half of the follow-up calls."""
        begins = today()
        form = (
            self.maya.open(f"{self.campaign_url}/money").form("Ask for").choose("activity", "Follow-up calls")
        )
        form.fill(
            cost="2,400.00", starts_on=begins.isoformat(), ends_on=(begins + timedelta(days=28)).isoformat()
        )
        form.fill(
            supplier="Belhuis Rijnmond, Schiedam",
            purpose="Ring everyone who clicked within two days",
            shares_leads=True,
        )
        return form.submit("Ask for")

    def launch(self) -> Page:
        """The last look, and the one button."""
        page = self.maya.open(f"{self.campaign_url}/launch")
        form = page.form("Launch to")
        return form.submit("Launch to")

    def results(self) -> Page:
        """The campaign's page."""
        return self.maya.open(self.campaign_url)

    def answer_leads(self) -> int:
        """Accept every lead that waits. Returns how many."""
        answered = 0
        while True:
            page = self.maya.open("/leads?state=new")
            if not page.has_button("Accept"):
                return answered
            page.form("Accept").submit()
            answered += 1

    def register_deals(self, most: int) -> list[Deal]:
        """Register deals from accepted leads."""
        deals: list[Deal] = []
        while len(deals) < most:
            page = self.maya.open("/leads?state=accepted")
            if not page.has_link("Register a deal"):
                return deals
            amount = WORTH[len(deals) % len(WORTH)]
            form = page.follow("Register a deal").form("Register deal")
            account = form.value("account")
            made = form.fill(title="Follow-up of the security check", amount=amount).submit()
            deals.append(Deal(account, amount, made.url))
        return deals

    def win(self, deal: Deal) -> Page:
        """The customer said yes."""
        return self.maya.open(deal.url).form("Won").submit()

    def claim(self, folder: Path) -> Page:
        """Add the one invoice to the proof that wrote itself."""
        invoice = folder / "invoice.pdf"
        invoice.write_bytes(INVOICE)
        page = self.maya.open("/funds").follow(self.campaign_name()).follow("Add invoice")
        form = page.form("Submit the claim").attach("file", invoice, "application/pdf")
        form.fill(
            number="BR-26-0417",
            supplier="Belhuis Rijnmond",
            issued_on=today().isoformat(),
            amount="2,400.00",
        )
        made = form.submit()
        self.claim_url = made.url
        return made

    def campaign_name(self) -> str:
        """What the campaign is called."""
        return self.results().heading


_WORDS = b"BT /F1 16 Tf 60 760 Td (Belhuis Rijnmond, invoice BR-26-0417: follow-up calls, EUR 2,400.00) Tj ET"


def _invoice() -> bytes:
    """A supplier's invoice as a PDF of one page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(_WORDS), _WORDS),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, places = b"%PDF-1.4\n", b"0000000000 65535 f \n"
    for number, found in enumerate(objects, 1):
        places += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj%b\nendobj\n" % (number, found)
    count = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    return body + b"xref\n0 %d\n" % count + places + end


INVOICE = _invoice()
