"""A public MJML template that nobody made for us becomes a kit, is co-branded and sent, and says goodbye on one click."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest

from demo.people import crowd
from tests.journey.actors import Pair, settled, zipped
from tests.rig.installation import Installation

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]

TEMPLATE = "recast"
PEOPLE = crowd(6, seed=11)


def test_a_public_template_goes_from_a_file_to_mailboxes(
    here: Installation, shared: Path, tmp_path: Path
) -> None:
    source = shared / "data" / "mjml" / f"{TEMPLATE}.mjml"
    here.command("kit", "new", str(tmp_path / "kit"), "--from-mjml", str(source))
    archive = zipped(tmp_path / "kit", tmp_path / "kit.zip")
    with settled(here, archive, PEOPLE, tmp_path) as pair:
        launched(pair, "Spring news")
        every_link_leads_where_the_template_says(pair, source.read_text())
        leaving = PEOPLE[0].email
        one_click_is_enough(pair, leaving)
        launched(pair, "Summer news")
        got = Counter(letter.to for letter in pair.letters())
        assert got == {one.email: 1 if one.email == leaving else 2 for one in PEOPLE}


def launched(pair: Pair, subject: str) -> None:
    """Make the kit ours with this subject, send it to everyone; the mail is the partner's, word and brand."""
    page = pair.partner.maya.open("/kits").follow(TEMPLATE.capitalize()).form("Make it yours").submit()
    pair.partner.campaign_url = page.url.partition("?")[0].removesuffix("/words")
    page.form("Save").set("slot-subject", subject).submit("Save")
    pair.launch()
    pair.finished()
    fresh = [letter for letter in pair.letters() if letter.subject == subject]
    assert fresh, f"nobody got “{subject}”"
    for letter in fresh:
        assert "Harbour IT" in str(letter.message["From"])
        for words in (letter.text, letter.html.get_text(" ")):
            assert "Wilhelminakade 88" in words, "the postal address is missing"
            assert "Northwind Cloud" in words, "it doesn’t say who else is behind the mail"


def every_link_leads_where_the_template_says(pair: Pair, source: str) -> None:
    """By number, through us, to an address that stands in the template or is the partner's own."""
    links = re.findall(r'href="(https?://[^"]+)"', re.sub(r"<mj-font[^>]*>", "", source))
    wanted = {url.rstrip("/") for url in links}
    assert wanted, "this template has no link to follow"
    for letter in pair.letters():
        reached = set()
        for link in letter.links():
            assert link.startswith(pair.here.public_url), f"{link} goes past the tracking"
            answer = httpx.get(link, headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
            if answer.is_redirect:
                reached.add(answer.headers["Location"].rstrip("/"))
            else:
                assert answer.status_code == 200, f"{link} answers {answer.status_code}"
                assert "/u/" in link, f"{link} leads nowhere"
        assert reached >= wanted, f"these can’t be reached any more: {wanted - reached}"


def one_click_is_enough(pair: Pair, address: str) -> None:
    """RFC 8058: a POST from the mail program, without cookies and without a page in between."""
    (letter,) = [one for one in pair.letters() if one.to == address]
    assert letter.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _ in range(2):  # mail programs may press twice
        answer = httpx.post(letter.one_click(), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
