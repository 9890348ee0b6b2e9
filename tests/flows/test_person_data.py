"""One person who has been through the whole story: all that is held comes out as a file, and after erasing it stands nowhere."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.actor import Actor
from app.accounts.models import AuditEntry, Role
from app.audience import importing, mailable
from app.audience.models import (
    Contact,
    ContactImport,
    Erasure,
    ImportStatus,
    ListMember,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)  # fmt: skip
from app.audience.suppress import address_hash, suppress
from app.clock import now
from app.db import Base, db
from app.delivery.models import Delivery, LeftOut
from app.errors import NotFound, Refused
from app.flows import person_data, person_erase
from app.flows.person_ties import Subject
from app.landing.models import Submission
from app.leads import answer, deals, mails
from app.leads.capture import capture
from app.leads.models import Deal, LeadNote, LeadStatus
from app.mail.models import OutgoingMail
from app.mdf.models import MdfNote
from app.money import Money
from app.settings import Settings
from app.tracking.models import EventKind, TrackedEvent
from tests.access.examples import asked
from tests.audience.people import agreed, contact
from tests.rig import story
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

Browser = Callable[..., FlaskClient]
EMAIL, FIRST, LAST, PHONE = "sanne.spring@vandijk.example", "Sanne", "Willems", "+31 6 1234 5678"
NAME = f"{FIRST} {LAST}"
FILE = f"Email;First name;Last name\n{EMAIL};{FIRST};{LAST}\nsanne@@vandijk;{FIRST};{LAST}\nother@x.example;Otto;Meer\n"


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def through_everything(cast: Cast) -> story.Story:
    """Imported, mailed, clicked, filled in the form, became a lead and a deal, was written about, and said no."""
    told = story.campaign(cast.northwind, cast.harbour, shares_leads=True)
    person = told.contact
    person.last_name, person.company, person.phone = LAST, "Van Dijk Logistiek", PHONE
    person.fields = {"Car": "blue"}
    db.session.add(ListMember(list_id=told.contacts.id, contact_id=person.id, partner_id=cast.harbour.id))
    agreed(person).source = f"Told {NAME} at the fair"
    told.delivery.reply = "250 2.0.0 Ok"
    db.session.add(
        TrackedEvent(
            partner_id=cast.harbour.id, campaign_id=told.campaign.id, send_id=told.send.id, delivery_id=told.delivery.id,
            contact_id=person.id, kind=EventKind.CLICK, number=1, method="GET", agent="Sanne’s browser",
        )
    )  # fmt: skip
    filled = story.submission(told, phone=PHONE)
    lead = capture(filled)
    assert lead is not None
    mails.captured(lead)
    mails.received(lead)
    db.session.add(
        LeadNote(partner_id=cast.harbour.id, lead_id=lead.id, text=f"{FIRST} rings back on Monday")
    )
    answer.accept(maya(cast), lead)
    answer.qualify(maya(cast), lead)
    new = deals.NewDeal(
        f"{NAME}’s firm", f"Office for {NAME.upper()}", Money(2_400_000, "EUR"), now().date() + timedelta(30)
    )
    deals.register(maya(cast), new, lead)
    request = asked(cast)
    for text in (f"Lunch with {NAME}, see {EMAIL}", "Lunch with somebody else"):
        owners = {
            "vendor_id": cast.northwind.id,
            "partner_id": cast.harbour.id,
            "organisation_id": cast.harbour.id,
        }
        db.session.add(MdfNote(**owners, request_id=request.id, text=text))
    suppress(SuppressionScope.PARTNER, cast.harbour.id, person.address_hash, SuppressionReason.UNSUBSCRIBE)
    db.session.add(
        LeftOut(send_id=told.send.id, contact_id=person.id, partner_id=cast.harbour.id, reason="expired")
    )
    db.session.commit()
    imported(cast)
    return told


def imported(cast: Cast, run: bool = True) -> ContactImport:
    by = maya(cast)
    imp = importing.start(by, f"{NAME}.csv", FILE.encode())
    db.session.commit()
    if run:
        from app.audience import columns
        from app.audience.consent import Plan, Why

        importing.confirm(
            by, imp, columns.from_json(imp.mapping, 3), Plan(Why.UNKNOWN, "", "", "", None, False), "Fair"
        )
        db.session.commit()
        while not importing.run(imp.id):
            pass
    return imp


def known(cast: Cast) -> Subject:
    return person_data.about(cast.harbour, EMAIL)


def everywhere(settings: Settings) -> dict[str, str]:
    """All texts of the database and of the stored files in small letters, by place."""
    found = {}
    for table in Base.metadata.sorted_tables:
        for column in table.c:
            if column.type.__class__.__name__ in ("String", "Text", "JSON", "LargeBinary"):
                rows = db.session.scalars(select(column).where(column.is_not(None))).all()
                text = "\n".join(
                    json.dumps(row, ensure_ascii=False)
                    if not isinstance(row, str | bytes)
                    else row
                    if isinstance(row, str)
                    else row.decode("utf-8", "replace")
                    for row in rows
                )
                found[f"{table.name}.{column.name}"] = text.lower()
    for path in Path(settings.data_dir).rglob("*"):
        if path.is_file() and not path.name.startswith("throughline.db"):
            found[str(path)] = path.read_bytes().decode("utf-8", "replace").lower()
    return found


def places_of(found: dict[str, str]) -> set[str]:
    words = (EMAIL, NAME.lower(), LAST.lower(), PHONE, "sanne’s browser")
    return {place for place, text in found.items() if any(word in text for word in words)}


def test_nothing_of_them_stands_anywhere_afterwards(cast: Cast, settings: Settings) -> None:
    through_everything(cast)
    before = places_of(everywhere(settings))
    for place in ("contact.email", "lead.name", "submission.fields", "outgoing_mail.html", "deal.title", "mdf_note.text",
                  "consent.source", "tracked_event.agent", "contact_import.filename"):  # fmt: skip
        assert place in before, f"the story never wrote {place}: the test would prove nothing"
    assert any(place.endswith("file.csv") for place in before)
    assert any("refused" in place for place in before)
    person_erase.erase(maya(cast), known(cast))
    db.session.commit()
    assert places_of(everywhere(settings)) == set()


def test_what_has_to_stay_stays(cast: Cast) -> None:
    told = through_everything(cast)
    person_erase.erase(maya(cast), known(cast))
    db.session.commit()
    deal = db.session.scalars(select(Deal)).one()
    assert (deal.amount_minor, deal.currency, deal.title) == (2_400_000, "EUR", "Office for [erased]")
    assert db.session.scalar(select(func.count(Delivery.id))) == 1
    assert db.session.scalar(select(func.count()).select_from(TrackedEvent)) == 1
    assert db.session.scalar(select(func.count()).select_from(Submission)) == 1
    texts = set(db.session.scalars(select(MdfNote.text)))
    assert texts == {"Lunch with [erased], see [erased]", "Lunch with somebody else"}
    noes = db.session.scalars(select(Suppression)).all()
    assert [no.address_hash for no in noes] == [address_hash(EMAIL)]
    again = contact(cast.harbour, EMAIL, told.contacts)
    agreed(again)
    found = mailable.verdicts(cast.harbour.id, cast.northwind.id, [again.id])
    assert found[again.id] is mailable.Reason.SAID_NO
    other = db.session.scalars(select(Contact).where(Contact.email == "other@x.example")).one()
    assert other.first_name == "Otto"


def test_the_receipt_says_what_where_how_many_when_by_whom_and_never_who(cast: Cast) -> None:
    through_everything(cast)
    row = person_erase.erase(maya(cast), known(cast))
    db.session.commit()
    deeds = {(place["place"], place["deed"]): place["rows"] for place in row.places}
    assert deeds["Contact", "emptied"] == 1
    assert deeds["Leads", "emptied"] == 1
    assert deeds["Files of imports", "deleted"] == 1
    assert deeds["Notes on money", "taken out of the text"] == 1
    assert row.person_id == cast.maya.id
    assert row.told == ["Northwind Cloud"], "who could read the lead has to be told"
    assert row.masked == "s…@v….example"
    text = json.dumps([row.places, row.masked, row.number, row.told]).lower()
    assert "willems" not in text
    assert "vandijk" not in text
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.erased")).one()
    assert (entry.subject_kind, entry.subject_id) == ("erasure", row.id)


def test_the_file_holds_everything_under_headings(cast: Cast) -> None:
    through_everything(cast)
    found = person_data.export(maya(cast), known(cast))
    titles = {place["place"]: place["rows"] for place in found["places"]}
    assert {"Contact", "Consents", "Noes", "Leads", "Notes on leads", "Deals", "Forms they filled in", "Mails sent to them",
            "Opens and clicks", "Lists they are in", "Mails of Throughline itself", "Log entries", "Mails they were left out of"} <= set(titles)  # fmt: skip
    assert titles["Contact"][0]["fields"] == {"Car": "blue"}
    assert titles["Notes on leads"][0]["text"] == f"{FIRST} rings back on Monday"
    assert any("Lunch" in text["text"] for text in found["texts_that_name_them"])
    assert any(EMAIL in line for line in found["files"][0]["lines"])
    json.dumps(found)


def test_an_address_that_only_filled_in_a_form_is_found_and_erased(cast: Cast, settings: Settings) -> None:
    told = story.campaign(cast.northwind, cast.harbour)
    filled = story.submission(told, "jan.only@lead.example", "n2", name="Jan Alleen")
    lead = capture(filled)
    assert lead is not None
    mails.captured(lead)
    db.session.commit()
    person = person_data.about(cast.harbour, " Jan.Only@Lead.example ")
    assert not person.contacts
    person_erase.erase(maya(cast), person)
    db.session.commit()
    assert not [
        place for place, text in everywhere(settings).items() if "jan.only" in text or "jan alleen" in text
    ]
    db.session.refresh(lead)
    assert (lead.name, lead.status) == ("Erased", LeadStatus.REJECTED)


def test_mails_that_wait_for_them_are_not_sent(cast: Cast) -> None:
    through_everything(cast)
    person_erase.erase(maya(cast), known(cast))
    db.session.commit()
    waiting = db.session.scalars(select(OutgoingMail).where(OutgoingMail.recipient == "")).all()
    assert len(waiting) == 1
    assert waiting[0].failed_at is not None


def test_a_running_import_that_holds_them_is_waited_for(cast: Cast) -> None:
    contact(cast.harbour, EMAIL)
    imp = imported(cast, run=False)
    imp.status = ImportStatus.WAITING
    db.session.commit()
    with pytest.raises(Refused, match="still runs"):
        person_erase.erase(maya(cast), known(cast))
    db.session.rollback()
    assert db.session.scalars(select(Contact.email)).all() == [EMAIL]


def test_nobody_to_erase_is_said_and_leaves_no_receipt(cast: Cast) -> None:
    with pytest.raises(NotFound):
        person_erase.erase(maya(cast), person_data.about(cast.harbour, "nobody@x.example"))
    assert db.session.scalars(select(Erasure)).all() == []


def test_another_partner_s_knowledge_of_the_same_person_is_not_touched(cast: Cast) -> None:
    mine, theirs = (
        contact(cast.harbour, EMAIL, first_name=FIRST),
        contact(cast.leuvelink, EMAIL, first_name=FIRST),
    )
    suppress(SuppressionScope.PARTNER, cast.leuvelink.id, mine.address_hash, SuppressionReason.UNSUBSCRIBE)
    db.session.commit()
    found = person_data.export(maya(cast), known(cast))
    assert [place["place"] for place in found["places"]] == ["Contact"]
    person_erase.erase(maya(cast), known(cast))
    db.session.commit()
    db.session.refresh(theirs)
    assert (theirs.email, theirs.first_name, theirs.erased_at) == (EMAIL, FIRST, None)


def test_the_pages_lead_from_the_address_to_the_receipt(cast: Cast, as_person: Browser) -> None:
    told = through_everything(cast)
    pid = told.contact.pid
    client = as_person(cast.maya)
    assert f"/contacts/people/{pid}" in client.get(f"/contacts/{pid}").text
    page = client.get(f"/contacts/people/{pid}").text
    assert page == client.post("/contacts/people", data={"email": EMAIL.upper()}).text
    for heading in ("Leads", "Noes", "Texts that name them", "Stored files"):
        assert heading in page
    sent = client.post("/contacts/people/export", data={"email": EMAIL})
    assert sent.get_json()["about"] == EMAIL
    assert sent.headers["Cache-Control"] == "no-store"
    assert client.post("/contacts/people/erase", data={"email": EMAIL}).status_code == 422
    answer_ = client.post("/contacts/people/erase", data={"email": EMAIL, "sure": "yes"})
    assert answer_.status_code == 303
    receipt = client.get(answer_.location).text
    assert "Tell Northwind Cloud" in receipt
    assert EMAIL not in receipt
    assert client.get(answer_.location + ".json").get_json()["erased_by"] == "Maya de Vries"
    assert client.post("/contacts/people/erase", data={"email": EMAIL, "sure": "yes"}).status_code == 404
    assert client.post("/contacts/people", data={"email": "no address"}).status_code == 422
    assert as_person(cast.jonas).post("/contacts/people/export", data={"email": EMAIL}).status_code == 403
