"""One campaign from kit to return, in a real browser, as the three kinds of people would do it; nobody looks into the database.

Every page on the way is looked at: see tests/journey/eyes.py.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.day import today
from demo.partner import INVOICE
from demo.pictures import logo
from tests.journey.actors import KIT, zipped
from tests.journey.eyes import Eyes
from tests.journey.stage import DESK, PHONE, Stage, fill
from tests.rig.installation import ADMIN, ADMIN_MAIL, Installation

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]

PASSWORD = "a long walk along the harbour"
TOMAS, TOMAS_MAIL = "Tomás Rey", "tomas@northwind-cloud.example"
MAYA, MAYA_MAIL = "Maya de Vries", "maya@harbour-it.example"
SANNE = "sanne@vandijk.example"
TODAY = today()
IN_FOUR_WEEKS, AUTUMN = TODAY + timedelta(days=28), TODAY + timedelta(days=200)
LIST = "Customers and prospects"

# As a CRM in the Netherlands writes it: semicolons, a byte-order mark, spaces, capitals, quotes, a line with nothing, one person twice.
HEAD = "\ufeffE-mail;Voornaam;Achternaam;Bedrijf;Functie;Akkoord op;Tracking\r\n"
ODD = (
    " Sanne@vandijk.example ;Sanne;Willems;Van Dijk Logistiek;IT-manager;2026-03-02;ja\r\n"
    'joost@kokenzoon.example;Joost;Kok;"Kok & Zoon; dakdekkers";Eigenaar;2026-03-02;nee\r\n'
    "\r\n"
    'anouk@vries.example;Anouk;"de ""Vries""";Tandzorg Zuid;;2026-03-04;ja\r\n'
    "LEILA@AMRANI.EXAMPLE;Leila;Amrani;Amrani Bouwadvies;;2026-03-05;\r\n"
    "leila@amrani.example;Leïla;Amrani;Amrani Bouwadvies;Directeur;2026-03-05;ja\r\n"
)
PEOPLE = 20
PLAIN = "".join(
    f"jan{n}@metaal{n}.example;Jan;Bakker {n};Metaal {n};Monteur;2026-04-{n:02d};nee\r\n"
    for n in range(1, PEOPLE - 3)
)


@pytest.fixture
def stage(here: Installation, browser: Browser, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(here, here.mailbox, Eyes(), browser, tmp_path, [])
    yield made
    for context in made.windows:
        context.close()


def test_the_story_as_three_kinds_of_people_live_it(stage: Stage) -> None:
    ingrid, tomas, maya = stage.window(), stage.window(), stage.window()
    the_vendor_comes_in(stage, ingrid, tomas)
    a_kit_is_published(stage, ingrid)
    a_partner_is_invited_and_comes(stage, ingrid, maya)
    the_brand_is_set_up(stage, maya)
    people_are_imported(stage, maya)
    the_vendor_gives_money(stage, tomas)
    the_campaign_is_made(stage, maya)
    money_is_asked_for_and_approved(stage, maya, tomas)
    it_is_launched_and_watched_to_its_end(stage, maya)
    a_prospect_reads_and_answers(stage)
    the_lead_is_answered_and_becomes_a_deal(stage, maya)
    the_vendor_protects_the_deal_and_the_partner_wins_it(stage, ingrid, maya)
    the_claim_is_made_approved_and_paid(stage, maya, tomas)
    both_first_pages_tell_it(stage, ingrid, maya)
    assert not stage.eyes.complaints(), f"after {len(stage.eyes.seen)} pages:\n{stage.eyes.complaints()}"


def join(stage: Stage, page: Page, name: str, address: str, button: str) -> None:
    """Accept an invitation that came by mail."""
    page.goto(stage.mailbox.wait_for(address, "invites").link())
    stage.eyes.look(page)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password").first.fill(PASSWORD)
    stage.press(page, re.compile(button), name)


def the_vendor_comes_in(stage: Stage, ingrid: Page, tomas: Page) -> None:
    join(stage, ingrid, ADMIN, ADMIN_MAIL, "^Join")
    stage.go(ingrid, "/settings")
    invite = ingrid.locator("form", has=ingrid.get_by_role("button", name="Invite", exact=True))
    invite.get_by_label("Name").fill(TOMAS)
    invite.get_by_label("Email").fill(TOMAS_MAIL)
    invite.get_by_label("Role").select_option("approver")
    stage.press(ingrid, re.compile("^Invite$"), "with an invitation")
    expect(ingrid.get_by_text(f"{TOMAS} is invited")).to_be_visible()
    join(stage, tomas, TOMAS, TOMAS_MAIL, "^Join")


def a_kit_is_published(stage: Stage, ingrid: Page) -> None:
    stage.go(ingrid, "/kits", "empty")
    ingrid.locator("input[type=file]").set_input_files(zipped(KIT, stage.folder / "kit.zip"))
    stage.press(ingrid, re.compile("^Upload"))
    ingrid.get_by_label("What is new, in a sentence").fill("The first box: one mail, one page.")
    with ingrid.expect_navigation():
        ingrid.get_by_role("button", name="Publish 1.0").click()
    expect(ingrid.get_by_text("Published 1.0")).to_be_visible()
    stage.eyes.look(ingrid, "published")
    stage.go(ingrid, "/kits", "one")


def a_partner_is_invited_and_comes(stage: Stage, ingrid: Page, maya: Page) -> None:
    stage.go(ingrid, "/partners", "empty")
    fill(ingrid, company="Harbour IT", name=MAYA, email=MAYA_MAIL, tier="Gold", region="Netherlands")
    stage.press(ingrid, re.compile("^Invite$"), "invited")
    join(stage, maya, MAYA, MAYA_MAIL, "^Accept and begin")
    stage.go(maya, "/", "first day")


def the_brand_is_set_up(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/brand", "empty")
    maya.locator("input[type=file]").set_input_files(
        {"name": "harbour-it.png", "mimeType": "image/png", "buffer": logo(480)}
    )
    fill(maya, primary_color="#15324b", call_color="#b9431a", sender_name="Harbour IT", reply_to=MAYA_MAIL)
    fill(maya, legal_name="Harbour IT B.V.", phone="010 555 01 40", website="https://harbour-it.example")
    fill(maya, postal_address="Wilhelminakade 88, 3072 AR Rotterdam")
    stage.press(maya, "Save", "saved")
    expect(maya.get_by_text("Every pair of colours the kits use is readable")).to_be_visible()


def people_are_imported(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/contacts", "empty")
    stage.go(maya, "/contacts/imports/new")
    maya.locator("input[type=file]").set_input_files(
        {"name": "klanten.csv", "mimeType": "text/csv", "buffer": (HEAD + ODD + PLAIN).encode()}
    )
    stage.press(maya, "Read the file")
    maya.get_by_role("radio", name="They agreed").check()
    maya.get_by_label("Akkoord op becomes").select_option(label="Consent: date")
    expect(maya.get_by_label("Tracking becomes")).to_have_value("tracking")
    fill(maya, source="Maritime IT Day, registration form", list_name=LIST)
    fill(maya, wording="Yes, Harbour IT may write to me about its services.")
    stage.eyes.look(maya, "filled in")
    stage.press(maya, re.compile("^Import "))
    expect(maya.get_by_text(f"{PEOPLE} people are in")).to_be_visible()
    stage.eyes.look(maya, "finished")
    stage.press(maya, "Show the list")
    stage.press(maya, "Sanne Willems")


def the_vendor_gives_money(stage: Stage, tomas: Page) -> None:
    stage.go(tomas, "/funds", "empty")
    stage.go(tomas, "/funds/new")
    fill(
        tomas,
        title=f"Growth {TODAY.year}",
        amount="40,000.00",
        starts_on=TODAY.isoformat(),
        ends_on=AUTUMN.isoformat(),
    )
    fill(
        tomas,
        name="Follow-up calls",
        help="You or a call agency ring those who clicked",
        rate="50",
        cap="1,500.00",
    )
    stage.press(tomas, "Open the fund")
    tomas.get_by_label("Partner", exact=True).select_option(label="Harbour IT")
    give = tomas.locator("form", has=tomas.get_by_role("button", name="Give it"))
    fill(give, amount="8,000.00", why="For the year")
    stage.press(tomas, "Give it", "given")
    stage.go(tomas, "/funds/ledger")


def the_campaign_is_made(stage: Stage, maya: Page) -> None:
    stage.go(maya, "/kits")
    stage.press(maya, re.compile("Secure the Hybrid Office"))
    stage.press(maya, "Make it yours", "new")
    stage.campaign = maya.url.partition("?")[0].removesuffix("/words").removeprefix(stage.here.app_url)
    maya.get_by_label("Why you, in your own words").fill(
        "We have kept offices around the Maas running since 2009."
    )
    maya.get_by_label("Offer open until").fill(IN_FOUR_WEEKS.isoformat())
    maya.get_by_label("Person who calls back").fill("Jonas Bakker")
    maya.get_by_label("Their phone number").fill("010 555 01 48")
    maya.get_by_text("Phone", exact=True).click()
    stage.press(maya, re.compile("^Save$"), "saved")
    stage.press(maya, "Test these two", "with a test")
    stage.press(maya, "Next: who gets it")
    maya.get_by_label(LIST).check()
    expect(maya.locator("#counted")).to_contain_text(str(PEOPLE))
    stage.press(maya, re.compile("^Next"))


def money_is_asked_for_and_approved(stage: Stage, maya: Page, tomas: Page) -> None:
    maya.get_by_label("Follow-up calls").check()
    fill(maya, cost="2,400.00", starts_on=TODAY.isoformat(), ends_on=IN_FOUR_WEEKS.isoformat())
    fill(maya, supplier="Belhuis Rijnmond, Schiedam", purpose="Ring everyone who clicked within two days")
    maya.locator("[name=shares_leads]").check()
    expect(maya.get_by_role("button", name="Ask for EUR 1,200")).to_be_visible()
    stage.eyes.look(maya, "filled in")
    stage.press(maya, re.compile("^Ask for"))
    decide(stage, tomas, "request")


def decide(stage: Stage, tomas: Page, what: str) -> None:
    """Approve the oldest request or claim in full."""
    stage.go(tomas, "/funds", f"a {what} waits")
    stage.press(tomas, f"Decide the oldest {what}")
    tomas.get_by_label("Approve in full").check()
    stage.press(tomas, re.compile("^Decide$"), "decided")


def it_is_launched_and_watched_to_its_end(stage: Stage, maya: Page) -> None:
    stage.go(maya, f"{stage.campaign}/launch")
    stage.press(maya, f"Launch to {PEOPLE} people", "sending")
    expect(maya.get_by_text("Finished").first).to_be_visible(timeout=60_000)
    stage.eyes.look(maya, "finished")
    stage.go(maya, "/campaigns")


def a_prospect_reads_and_answers(stage: Stage) -> None:
    sanne = stage.window(PHONE)
    sanne.goto(f"{stage.here.app_url}/sandbox?q={SANNE}")
    stage.eyes.look(sanne)
    sanne.get_by_role("link", name=re.compile(SANNE)).first.click()
    stage.eyes.look(sanne, "a message")
    mail = sanne.frame_locator("iframe")
    with sanne.context.expect_page() as opened:
        mail.get_by_role("link", name="Book my free check").first.click()
    page = opened.value
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    stage.eyes.look(page)
    assert page.url.startswith(stage.here.public_url), "a landing page belongs on the origin without cookies"
    assert not page.context.cookies(stage.here.public_url)
    page.wait_for_timeout(2_200)  # nobody fills in a form faster, and the form knows
    page.get_by_label("Your name").fill("Sanne Willems")
    page.get_by_label("Company").fill("Van Dijk Logistiek")
    page.get_by_label("Work email").fill(SANNE)
    page.get_by_label("Phone").fill("06 555 01 77")
    page.get_by_label("Anything we should know?").fill("We have 30 drivers who log in from the road.")
    consent = page.get_by_role("checkbox")
    expect(consent).not_to_be_checked()
    consent.check()
    stage.press(page, "Book my free check")
    expect(page.get_by_role("heading", name="Thank you, Sanne. Jonas will call you.")).to_be_visible()


def the_lead_is_answered_and_becomes_a_deal(stage: Stage, maya: Page) -> None:
    maya.set_viewport_size(PHONE)
    stage.go(maya, "/leads")
    stage.press(maya, "Sanne Willems")
    stage.press(maya, re.compile("^Accept"), "accepted")
    maya.set_viewport_size(DESK)
    stage.press(maya, "Register a deal")
    expect(maya.get_by_label("Customer")).to_have_value("Van Dijk Logistiek")
    maya.get_by_label("What they want to buy").fill("Firewall and 40 seats")
    maya.get_by_label("Amount, without VAT").fill("12,600.00")
    stage.press(maya, "Register deal")


def the_vendor_protects_the_deal_and_the_partner_wins_it(stage: Stage, ingrid: Page, maya: Page) -> None:
    deal = maya.url.removeprefix(stage.here.app_url)
    stage.go(ingrid, "/leads", "a deal waits")
    stage.press(ingrid, "Decide on Van Dijk Logistiek")
    stage.press(ingrid, "Approve and protect", "approved")
    stage.go(maya, "/deals")
    stage.go(maya, deal, "approved")
    stage.press(maya, "Won", "won")
    expect(maya.get_by_text("Who gets the credit")).to_be_visible()


def the_claim_is_made_approved_and_paid(stage: Stage, maya: Page, tomas: Page) -> None:
    stage.go(maya, "/funds")
    stage.press(maya, re.compile("Secure the Hybrid Office"))
    stage.press(maya, "Add invoice")
    fill(
        maya, number="BR-26-0417", supplier="Belhuis Rijnmond", issued_on=TODAY.isoformat(), amount="2,400.00"
    )
    maya.locator("input[type=file]").set_input_files(
        {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": INVOICE}
    )
    stage.press(maya, "Submit the claim")
    claim = maya.url.removeprefix(stage.here.app_url)
    decide(stage, tomas, "claim")
    stage.go(tomas, claim, "approved")
    fill(tomas, reference="SEPA-2026-0417")
    stage.press(tomas, "Mark as paid", "paid")
    stage.go(maya, claim, "paid")
    expect(maya.get_by_text("SEPA-2026-0417").first).to_be_visible()


def both_first_pages_tell_it(stage: Stage, ingrid: Page, maya: Page) -> None:
    for page in (ingrid, maya):
        stage.go(page, "/", "at the end")
        expect(page.locator("main")).to_contain_text("12,600")
        expect(page.locator("main")).to_contain_text("1,200")
