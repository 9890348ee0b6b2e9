"""From a messy file to a "no" that is heard while a campaign runs, in a real browser: the partner mends the mapping, builds a segment, reads who
won't get it and why, and one of her people unsubscribes from the mail before while the next one is going out.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.day import today
from demo.doors import PASSWORD
from demo.partner import MAYA, MAYA_MAIL, ORGANISATION, Partner
from demo.story import until
from demo.vendor import Vendor
from tests.journey.actors import KIT, KIT_NAME, zipped
from tests.journey.eyes import Eyes
from tests.journey.stage import Stage
from tests.rig.installation import Installation, installation

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]

MAY, NO_YES, ABROAD = 40, 6, 5  # Dutch people who agreed, Dutch ones who did not, and some who read German
LAST = f"person{MAY - 1}@rijnmond.example"  # whose turn comes last


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An installation that sends four mails a second, so that a campaign lasts long enough to be heard in."""
    with installation(tmp_path / "var", MAIL_RATE="4") as started:
        started.first_vendor()
        yield started


@pytest.fixture
def stage(here: Installation, browser: Browser, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(here, here.mailbox, Eyes(), browser, tmp_path, [])
    yield made
    for context in made.windows:
        context.close()


def messy(path: Path) -> Path:
    """As an old program exports it: cp1252, semicolons, a heading that nobody knows, rows that stand twice, rows with faults."""
    lines = ["Postvak;Voornaam;Achternaam;Taal;Toestemming;Opmerkingen"]
    lines += [f"Person{n}@Rijnmond.example;Zoë;de Vries {n};nl;ja;" for n in range(MAY)]
    lines += [f"silent{n}@rijnmond.example;Jürgen;Smit;nl;nee;" for n in range(NO_YES)]
    lines += [f"kollege{n}@rijnmond.example;Björn;Groß;de;ja;" for n in range(ABROAD)]
    lines += ["person3@rijnmond.example;;;;ja;twice", "nobody;Piet;;nl;ja;", "a@@b.example;An;;nl;ja;"]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def test_a_no_is_heard_in_a_running_campaign_that_goes_to_a_segment_of_a_messy_file(stage: Stage) -> None:
    before_the_partner_begins(stage)
    maya = stage.window()
    maya.goto(f"{stage.here.app_url}/sign-in")
    maya.get_by_label("Email").fill(MAYA_MAIL)
    maya.get_by_label("Password").fill(PASSWORD)
    stage.press(maya, re.compile("^Sign in$"), "in")
    the_messy_file_comes_in(stage, maya)
    a_segment_is_built(stage, maya)
    the_first_campaign_reaches_them(stage, maya)
    a_no_is_heard_in_the_next(stage, maya)
    assert not stage.eyes.complaints(), f"after {len(stage.eyes.seen)} pages:\n{stage.eyes.complaints()}"
    assert "Traceback" not in "".join(path.read_text() for path in stage.here.logs.glob("*.log"))


def before_the_partner_begins(stage: Stage) -> None:
    vendor = Vendor(stage.here.app_url, stage.mailbox)
    partner = Partner(stage.here.app_url, stage.mailbox)
    vendor.come_in()
    vendor.publish(zipped(KIT, stage.folder / "kit.zip"))
    vendor.invite_partner(ORGANISATION, MAYA, MAYA_MAIL)
    partner.come_in()
    partner.dress(stage.folder)
    for browser in (vendor.ingrid, vendor.tomas, partner.maya):
        browser.close()


def the_messy_file_comes_in(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/contacts/imports/new", "file")
    maya.locator("input[type=file]").set_input_files(messy(stage.folder / "klanten.csv"))
    stage.press(maya, "Read the file", "mapping")
    expect(maya.locator("main")).to_contain_text("Windows-1252")
    expect(maya.locator("main")).to_contain_text("Say which column holds the email address")
    maya.get_by_label("Postvak becomes").select_option("email")
    maya.get_by_label("A column says it").check()
    maya.get_by_label("Where did they say yes").fill("Order confirmation")
    maya.locator("[name=given_on]").fill(today().isoformat())
    maya.locator("[name=list_name]").fill("Customers")
    expect(maya.locator("#forecast")).to_contain_text("51")
    stage.press(maya, re.compile("^Import "), "running")
    until(lambda: "2 rows" in _reloaded(maya) or None, "the import")
    expect(maya.locator("main")).to_contain_text("No @ in it")
    stage.eyes.look(maya, "imported")


def _reloaded(page: Page) -> str:
    page.reload()
    return page.locator("main").inner_text().replace("\xa0", " ")


def a_segment_is_built(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/contacts/segments", "empty")
    stage.press(maya, "Build a segment", "new")
    maya.get_by_label("1: about").select_option("language")
    maya.get_by_label("1: what").fill("nl")
    maya.get_by_label("1: what").blur()
    expect(maya.locator("#segment .tl-lead")).to_contain_text(f"{MAY + NO_YES} people")
    maya.get_by_label("Name").fill("Dutch customers")
    maya.get_by_role("button", name="Save segment").click()
    expect(maya.get_by_role("heading", name="Dutch customers")).to_be_visible()
    stage.eyes.look(maya, "saved")


def the_first_campaign_reaches_them(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/kits", "gallery")
    stage.press(maya, re.compile(KIT_NAME), "kit")
    stage.press(maya, "Make it yours", "words")
    first = maya.url.partition("?")[0].removesuffix("/words").removeprefix(stage.here.app_url)
    maya.get_by_label("Offer open until").fill(today().replace(year=today().year + 1).isoformat())
    maya.get_by_label("Person who calls back").fill("Jonas Bakker")
    maya.get_by_label("Their phone number").fill("010 555 01 48")
    stage.press(maya, "Next: who gets it", "who")
    launched(stage, maya, first)
    stage.campaign = first


def launched(stage: Stage, maya: Page, campaign: str) -> None:
    """Choose the segment, read who won't get it, launch."""
    stage.go(maya, f"{campaign}/audience", "choose")
    maya.get_by_label("Dutch customers").check()
    expect(maya.locator("#counted")).to_contain_text(str(MAY))
    stage.press(maya, re.compile("^Next"), "next")
    stage.go(maya, f"{campaign}/launch", "check")
    stage.press(maya, re.compile(f"{NO_YES} people: No consent"), "who won’t get it")
    expect(maya.locator("main")).to_contain_text("silent0@rijnmond.example")
    stage.go(maya, f"{campaign}/launch", "again")
    stage.press(maya, f"Launch to {MAY} people", "sending")


def a_no_is_heard_in_the_next(stage: Stage, maya: Page) -> None:
    until(lambda: _got(stage, LAST) == 1 or None, "the last mail of the first campaign", seconds=60)
    stage.go(maya, f"{stage.campaign}/words", "first")
    maya.get_by_text("More about this campaign").click()
    maya.get_by_role("button", name="Copy").click()
    maya.wait_for_url(re.compile("/words"))
    second = maya.url.partition("?")[0].removesuffix("/words").removeprefix(stage.here.app_url)
    launched(stage, maya, second)
    (mail,) = [one for one in stage.mailbox.all(LAST) if one.to == LAST]
    someone = stage.window()
    someone.goto(mail.one_click())
    expect(someone.get_by_role("link", name="Fewer mails instead")).to_be_visible()
    someone.get_by_role("button", name="Unsubscribe").click()
    expect(someone.get_by_text("Done. We won’t write again.")).to_be_visible()
    first = "person0@rijnmond.example"
    until(
        lambda: _got(stage, f"person{MAY - 2}@rijnmond.example") == 2 or None,
        "the second campaign",
        seconds=60,
    )
    until(lambda: "Finished" in _of(stage, maya, second) or None, "its end", seconds=30)
    assert _got(stage, first) == 2
    assert _got(stage, LAST) == 1, "the no came before their turn"
    stage.go(maya, f"{second}/messages?state=left-out", "left out")
    expect(maya.locator("main")).to_contain_text("Said no before it was their turn")


def _got(stage: Stage, address: str) -> int:
    return sum(one.to == address for one in stage.mailbox.all(address))


def _of(stage: Stage, page: Page, campaign: str) -> str:
    page.goto(stage.here.app_url + campaign)
    return page.locator(".tl-title").inner_text()
