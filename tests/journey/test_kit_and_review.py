"""From a kit with three faults to a mail with a partner's words, in real browsers: the check's messages are all the marketer has to go by,
the partner works on a phone, the vendor's reviewer asks for one change, and both hear of everything by mail.
"""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.day import today
from demo.doors import PASSWORD
from demo.partner import MAYA, MAYA_MAIL, ORGANISATION, Partner
from demo.people import crowd
from demo.story import until
from demo.vendor import INGRID as ADMIN
from demo.vendor import INGRID_MAIL, Vendor
from tests.journey.actors import KIT, KIT_NAME, zipped
from tests.journey.eyes import Eyes
from tests.journey.stage import PHONE, Stage
from tests.rig.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]
WORDS = "Since 2009 we keep the offices on the Maas running, cheaper than anybody else."
MENDED = "Since 2009 we keep the offices on the Maas running."
UNTIL = today() + timedelta(days=28)
PEOPLE = 12


@pytest.fixture
def stage(here: Installation, browser: Browser, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(here, here.mailbox, Eyes(), browser, tmp_path, [])
    yield made
    for context in made.windows:
        context.close()


@pytest.fixture
def people(here: Installation, tmp_path: Path) -> Iterator[list[str]]:
    """Northwind with two people, Harbour IT with its brand and contacts: all that was there before the kit. Gives the contacts' addresses."""
    vendor, partner = Vendor(here.app_url, here.mailbox), Partner(here.app_url, here.mailbox)
    crowded = crowd(PEOPLE, 7)
    vendor.come_in()
    vendor.invite_partner(ORGANISATION, MAYA, MAYA_MAIL)
    partner.come_in()
    partner.dress(tmp_path)
    imported = partner.bring(crowded, tmp_path)
    until(lambda: partner.imported(imported), "the import")
    yield [one.email for one in crowded]
    for browser in (vendor.ingrid, vendor.tomas, partner.maya):
        browser.close()


def test_three_faults_are_mended_a_partner_makes_it_theirs_and_a_reviewer_says_yes(
    stage: Stage, people: list[str]
) -> None:
    ingrid, maya = stage.window(), stage.window(PHONE)
    sign_in(stage, ingrid, INGRID_MAIL)
    sign_in(stage, maya, MAYA_MAIL)
    folder = a_kit_with_three_faults(stage)
    the_findings_tell_where_and_how(stage, ingrid, folder)
    what_was_mended_is_published(stage, ingrid, folder)
    the_partner_finds_it_and_makes_it_theirs(stage, maya)
    a_launch_waits_for_the_review(stage, maya)
    the_review_is_asked_for(stage, maya)
    the_reviewer_asks_for_one_change(stage, ingrid)
    the_partner_mends_it_and_asks_again(stage, maya)
    the_reviewer_says_yes(stage, ingrid)
    it_is_launched_from_the_mail(stage, maya)
    everyone_got_the_partners_words(stage, people)
    the_review_can_be_looked_up(stage, ingrid, maya)
    assert not stage.eyes.complaints(), f"after {len(stage.eyes.seen)} pages:\n{stage.eyes.complaints()}"
    assert "Traceback" not in "".join(path.read_text() for path in stage.here.logs.glob("*.log"))


def sign_in(stage: Stage, page: Page, address: str) -> None:
    page.goto(f"{stage.here.app_url}/sign-in")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    stage.press(page, re.compile("^Sign in$"), "in")


def a_kit_with_three_faults(stage: Stage) -> Path:
    """The example kit, for review, with an unknown attribute, a picture that says nothing and a slot that nobody declared."""
    folder = stage.folder / "kit"
    shutil.copytree(KIT, folder)
    swap(folder / "kit.toml", 'slug = "', 'review = "always"\nslug = "')
    mail = folder / "emails" / "invitation.mjml"
    swap(mail, "<mj-text>Hello ", '<mj-text colour="#1c2730">Hello ')
    swap(mail, re.search(r' alt="A house at dusk[^"]*"', mail.read_text()), "")
    swap(mail, "{{ slot.phone }}</a>", "{{ slot.fone }}</a>")
    return folder


def swap(path: Path, was: str | re.Match[str] | None, now: str) -> None:
    assert was is not None
    text = was if isinstance(was, str) else was[0]
    before = path.read_text()
    assert before.count(text) == 1, f"{text!r} stands {before.count(text)} times in {path.name}"
    path.write_text(before.replace(text, now))


def upload(stage: Stage, page: Page, folder: Path, state: str) -> None:
    page.locator("input[type=file]").set_input_files(zipped(folder, stage.folder / "kit.zip"))
    stage.press(page, re.compile("^Upload and check"), state)


def the_findings_tell_where_and_how(stage: Stage, ingrid: Page, folder: Path) -> None:
    stage.go(ingrid, "/kits", "empty")
    upload(stage, ingrid, folder, "three faults")
    expect(ingrid.locator(".tl-lead")).to_contain_text("3 errors to mend")
    expect(ingrid.get_by_role("button", name=re.compile("^Publish"))).to_have_count(0)
    found = ingrid.locator(".tl-finding")
    expect(found).to_have_count(3)
    rules = {mend(folder, one) for one in found.all()}
    assert rules == {"mjml-attribute", "alt-text", "slot-undeclared"}


def mend(folder: Path, finding: Locator) -> str:
    """Do what a finding says, at the place it names; the rule's name."""
    words = finding.inner_text()
    place = re.search(r"^([\w./-]+):(\d+):(\d+)$", words, re.MULTILINE)
    assert place, f"it doesn't say where: {words}"
    path, line, column = folder / place[1], int(place[2]) - 1, int(place[3]) - 1
    lines = path.read_text().split("\n")
    here = lines[line][column:]
    rule = finding.locator(".tl-tag").inner_text()
    if rule == "mjml-attribute":
        wrong, right = re.findall("“(.+?)”", words)
        changed = here.replace(f"{wrong}=", f"{right}=", 1)
    elif rule == "alt-text":
        assert "Describe what it tells" in words
        changed = here.replace(" ", ' alt="A house at dusk, its front door open" ', 1)
    else:
        (wrong,), (right,) = (
            re.findall(r"{{ slot\.(\w+) }} is not", words),
            re.findall(r"mean “(.+?)”", words),
        )
        changed = here.replace(wrong, right, 1)
    assert changed != here, f"{place[0]} doesn't lead to the fault: {here}"
    lines[line] = lines[line][:column] + changed
    path.write_text("\n".join(lines))
    return rule


def what_was_mended_is_published(stage: Stage, ingrid: Page, folder: Path) -> None:
    upload(stage, ingrid, folder, "mended")
    expect(ingrid.get_by_text("Every rule is met.")).to_be_visible()
    expect(ingrid.locator("main")).to_contain_text("Every campaign, before it goes out")
    for name in ("Pieces", "Slots", "Tests", "Reviews", "Versions", "Overview"):
        open_tab(stage, ingrid, name)
    publish = ingrid.get_by_role("button", name="Publish 1.0")
    publish.click()
    expect(ingrid.get_by_text("Say what is new.").first).to_be_visible()
    stage.eyes.look(ingrid, "without a summary")
    stage.eyes.found = [line for line in stage.eyes.found if "422" not in line]  # which was meant
    ingrid.get_by_label("What is new").fill("The first version.")
    publish.click()
    expect(ingrid.get_by_text("Published 1.0").first).to_be_visible()
    stage.eyes.look(ingrid, "published")


def open_tab(stage: Stage, page: Page, name: str) -> None:
    with page.expect_navigation():
        page.locator(".tl-subnav").get_by_role("link", name=name, exact=True).click()
    stage.eyes.look(page, f"tab {name}")


def the_partner_finds_it_and_makes_it_theirs(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/kits", "one")
    maya.get_by_role("searchbox", name="Search kits").fill("security check")
    maya.get_by_role("searchbox", name="Search kits").press("Enter")
    expect(maya).to_have_url(re.compile("q=security"))
    stage.press(maya, re.compile(KIT_NAME), "gallery's kit")
    expect(maya.get_by_text("looks at each campaign before it goes out")).to_be_visible()
    stage.press(maya, "Make it yours", "new")
    stage.campaign = maya.url.partition("?")[0].removesuffix("/words").removeprefix(stage.here.app_url)
    maya.get_by_role("textbox", name="Why you, in your own words").fill(WORDS)
    maya.get_by_text("Preview", exact=True).click()
    frame = maya.frame_locator("#stage iframe:visible")
    expect(frame.get_by_text("cheaper than anybody else")).to_be_visible()
    stage.eyes.look(maya, "preview")
    for shown in ("Phone", "Dark", "Text", "Inbox"):
        maya.locator("#preview").get_by_text(shown, exact=True).click()
        stage.eyes.look(maya, shown)
    maya.get_by_text("Your words", exact=True).first.click()
    maya.get_by_label("Offer open until").fill(UNTIL.isoformat())
    maya.get_by_label("Person who calls back").fill("Jonas Bakker")
    maya.get_by_label("Their phone number").fill("010 555 01 48")
    stage.press(maya, "Next: who gets it")
    maya.get_by_label("Customers and prospects").check()
    expect(maya.locator("#counted")).to_contain_text(str(PEOPLE))
    stage.press(maya, re.compile("^Next"))


def a_launch_waits_for_the_review(stage: Stage, maya: Page) -> None:
    stage.go(maya, f"{stage.campaign}/launch", "before the review")
    expect(maya.get_by_role("button", name=re.compile("^Launch to"))).to_have_count(0)
    stage.press(maya, re.compile("[Aa]sk for the review"))


def the_review_is_asked_for(stage: Stage, maya: Page) -> None:
    maya.get_by_label("A word to the reviewer").fill("For our customers around the harbour.")
    stage.press(maya, re.compile("^Ask for the review$"), "asked")
    expect(maya.get_by_text("in review", exact=False).first).to_be_visible()
    stage.go(maya, f"{stage.campaign}/words", "in review")
    expect(maya.get_by_role("textbox", name="Why you, in your own words")).to_be_disabled()


def by_mail(stage: Stage, page: Page, address: str, subject: str, *words: str) -> None:
    """Read a mail, both its parts, and follow its link."""
    letter = stage.mailbox.wait_for(address, subject)
    for part in (letter.text, letter.html.get_text(" ")):
        spoken = " ".join(
            part.split()
        )  # a figure and its noun stay on one line by a space that doesn't break
        assert not [said for said in words if said not in spoken], spoken
    page.goto(letter.link())
    stage.eyes.look(page, subject)


def the_reviewer_asks_for_one_change(stage: Stage, ingrid: Page) -> None:
    by_mail(
        stage,
        ingrid,
        INGRID_MAIL,
        "asks for your yes",
        MAYA,
        "For our customers around the harbour.",
        "changed 4 things",
    )
    expect(ingrid.locator("ins", has_text="cheaper")).to_be_visible()
    changed = ingrid.locator(".tl-finding", has_text="Why you, in your own words")
    changed.get_by_text("Comment on this").click()
    changed.get_by_role("textbox").fill("Leave out the price: nobody can prove it.")
    stage.press(ingrid, "Add the comment about Why you, in your own words", "a comment")
    ingrid.get_by_label(f"To {MAYA}").fill("Good otherwise.")
    stage.press(ingrid, "Ask for 1 change", "asked for one change")


def the_partner_mends_it_and_asks_again(stage: Stage, maya: Page) -> None:
    by_mail(
        stage,
        maya,
        MAYA_MAIL,
        "asks for changes",
        "Leave out the price: nobody can prove it.",
        "Good otherwise.",
        "1 change",
    )
    expect(maya.locator(".tl-touch-note", has_text="nobody can prove it")).to_be_visible()
    maya.get_by_role("textbox", name="Why you, in your own words").fill(MENDED)
    stage.press(maya, re.compile("^Save$"), "mended")
    stage.go(maya, f"{stage.campaign}/review", "mended")
    maya.get_by_label("Your answer").fill("It is out.")
    stage.press(maya, "Answer and mark as done", "answered")
    stage.press(maya, "Ask again", "asked again")


def the_reviewer_says_yes(stage: Stage, ingrid: Page) -> None:
    stage.go(ingrid, "/", "a review waits")
    stage.go(ingrid, "/reviews", "second round")
    stage.press(ingrid, "Review the one that is due first", "second round")
    since = ingrid.locator("section", has=ingrid.get_by_role("heading", name="Since the last round"))
    expect(since.locator("del")).to_contain_text("cheaper than anybody else")
    expect(ingrid.get_by_text("It is out.")).to_be_visible()
    stage.press(ingrid, "Approve", "approved")


def it_is_launched_from_the_mail(stage: Stage, maya: Page) -> None:
    by_mail(stage, maya, MAYA_MAIL, "Approved", ADMIN)
    stage.press(maya, f"Launch to {PEOPLE} people", "sending")
    expect(maya.get_by_text("Finished").first).to_be_visible(timeout=60_000)
    stage.eyes.look(maya, "finished")


def everyone_got_the_partners_words(stage: Stage, people: list[str]) -> None:
    for address in people:
        (letter,) = [one for one in stage.mailbox.all(address) if one.to == address]
        assert MENDED in letter.text
        assert MENDED in letter.html.get_text(" ")
        assert "Jonas Bakker" in letter.text
        assert "cheaper" not in letter.text


def the_review_can_be_looked_up(stage: Stage, ingrid: Page, maya: Page) -> None:
    stage.go(maya, stage.campaign, "afterwards")
    open_tab(stage, maya, "History")
    expect(maya.get_by_text(f"Approved by {ADMIN}")).to_be_visible()
    open_tab(stage, maya, "Review")
    expect(maya.get_by_text("before it was launched")).to_be_visible()
    expect(maya.get_by_role("link", name="Check and launch")).to_have_count(0)
    stage.go(ingrid, "/reviews", "afterwards")
    stage.go(ingrid, "/kits", "afterwards")
    stage.press(ingrid, KIT_NAME, "afterwards")
    open_tab(stage, ingrid, "Reviews")
    expect(ingrid.get_by_text("round 2").first).to_be_visible()
