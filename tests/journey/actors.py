"""A vendor and a partner who have found each other, for tests that begin where a campaign is made. They use pages and mail, as people do."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.browser import Page
from demo.mailbox import Letter
from demo.partner import MAYA, MAYA_MAIL, ORGANISATION, Partner
from demo.people import Human
from demo.story import until
from demo.vendor import Vendor
from tests.rig.installation import ROOT, Installation

KIT = ROOT / "examples" / "kits" / "secure-the-hybrid-office"
KIT_NAME = "Secure the Hybrid Office"


@dataclass
class Pair:
    """Northwind Cloud with a published kit, Harbour IT with its brand and a list of people."""

    here: Installation
    vendor: Vendor
    partner: Partner
    people: Sequence[Human]

    def launch(self) -> None:
        """Everyone in the list, now."""
        self.partner.choose_people()
        self.partner.launch()

    def finished(self, seconds: float = 60) -> Page:
        """The campaign's page when everything is sent."""

        def look() -> Page | None:
            page = self.partner.results()
            return page if "Finished" in page.text else None

        return until(look, "the send", seconds)

    def letters(self) -> list[Letter]:
        """What lies in the mailboxes of the people on the list."""
        addresses = {one.email for one in self.people}
        return [letter for letter in self.here.mailbox.all() if letter.to in addresses]

    def messages(self) -> dict[str, str]:
        """The state of every message by address, as the partner's export tells it."""
        answer = self.partner.maya.client.get(f"{self.partner.campaign_url}/messages.csv").raise_for_status()
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        found = {row["email"]: row["state"] for row in rows}
        assert len(found) == len(rows), "somebody has two messages of one send"
        return found


@contextmanager
def settled(here: Installation, archive: Path, people: Sequence[Human], folder: Path) -> Iterator[Pair]:
    """Both come in; the kit in `archive` is published, the people are imported with consent."""
    vendor, partner = Vendor(here.app_url, here.mailbox), Partner(here.app_url, here.mailbox)
    try:
        vendor.come_in()
        vendor.publish(archive)
        vendor.invite_partner(ORGANISATION, MAYA, MAYA_MAIL)
        partner.come_in()
        partner.dress(folder)
        imported = partner.bring(people, folder)
        until(lambda: partner.imported(imported), "the import")
        yield Pair(here, vendor, partner, people)
    finally:
        for browser in (vendor.ingrid, vendor.tomas, partner.maya):
            browser.close()


def zipped(folder: Path, archive: Path) -> Path:
    """The folder's files as a zip."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(folder))
    return archive
