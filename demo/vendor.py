"""The vendor's people: Ingrid publishes the kit and looks after partners and deals, Tomás decides on money."""

from datetime import timedelta
from pathlib import Path

from demo.browser import Browser, Page
from demo.day import today
from demo.doors import accept
from demo.mailbox import Mailbox

ORGANISATION = "Northwind Cloud"
INGRID, INGRID_MAIL = "Ingrid Solberg", "ingrid@northwind-cloud.example"
TOMAS, TOMAS_MAIL = "Tomás Rey", "tomas@northwind-cloud.example"
BUDGET = "40,000.00"
GIVEN = "8,000.00"


class Vendor:
    """Northwind Cloud."""

    def __init__(self, home: str, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.ingrid = Browser(home)
        self.tomas = Browser(home)

    def come_in(self) -> None:
        """Ingrid accepts the operator's invitation and brings in the colleague who decides on money."""
        accept(self.ingrid, self.mailbox, INGRID_MAIL, INGRID, "invites you", "Join")
        self.ingrid.open("/settings").form("Invite").set("invite-name", TOMAS).set(
            "invite-email", TOMAS_MAIL
        ).set("invite-role", "approver").submit("Invite")
        accept(self.tomas, self.mailbox, TOMAS_MAIL, TOMAS, "invites you", "Join")

    def publish(self, archive: Path) -> Page:
        """Upload the kit and publish it."""
        page = (
            self.ingrid.open("/kits")
            .form("Upload")
            .attach("kit", archive, "application/zip")
            .submit("Upload")
        )
        return page.form("Publish").fill(change_summary="The first version.").submit("Publish")

    def invite_partner(self, company: str, person: str, address: str) -> None:
        """Ask a company to join, through one person there."""
        form = self.ingrid.open("/partners").form("Invite")
        form.fill(company=company, name=person, email=address, tier="Gold", region="Netherlands").submit(
            "Invite"
        )

    def give_money(self, partner: str) -> Page:
        """Tomás opens a fund that pays for follow-up calls and gives the partner a part of it."""
        begins = today()
        form = self.tomas.open("/funds/new").form("Open the fund")
        form.fill(
            title=f"Growth {begins.year}",
            amount=BUDGET,
            starts_on=begins.isoformat(),
            ends_on=(begins + timedelta(days=200)).isoformat(),
        )
        form.fill(
            name="Follow-up calls",
            help="You or a call agency ring the people who clicked",
            rate="50",
            cap="1,500.00",
        )
        fund = form.submit()
        give = fund.form("Give it").fill(partner=partner, amount=GIVEN, why="For the year")
        return give.submit()

    def approve_request(self) -> Page:
        """Tomás approves the oldest request in full."""
        return self._approve("request")

    def approve_claim(self) -> Page:
        """Tomás approves the oldest claim in full."""
        return self._approve("claim")

    def _approve(self, what: str) -> Page:
        page = self.tomas.open("/funds").follow(f"Decide the oldest {what}")
        return page.form("Decide").choose("decision", "Approve in full").submit("Decide")

    def pay(self, claim_url: str, reference: str) -> Page:
        """Tomás marks the claim as paid."""
        return self.tomas.open(claim_url).form("Mark as paid").fill(reference=reference).submit()

    def decide_deals(self, deny: str) -> int:
        """Ingrid protects the deals that wait, but for the one of `deny`, which collides. Returns how many she protected."""
        approved = 0
        while (page := self.ingrid.open("/leads")).has_link("Decide"):
            deal = page.follow("Decide")
            if deal.heading == deny:
                deal.form("Deny").fill(reason="Our direct customer since March").submit("Deny")
            else:
                deal.form("Approve and protect").submit()
                approved += 1
        return approved
