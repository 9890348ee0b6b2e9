"""From an invitation to a partnership, and what a vendor then sees of its partners."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Invitation, Membership, Organisation, Person, Role
from app.clock import now
from app.db import db, scoped
from app.leads.models import Lead
from app.mail.models import OutgoingMail
from app.programs import queries
from app.programs.models import Partnership, PartnershipStatus
from tests.rig import story
from tests.rig.cast import PASSWORD, Cast

NEW = "four words in a row"
Browser = Callable[..., FlaskClient]
pytestmark = pytest.mark.both_databases
OFFER = {
    "company": "Noordkade Systems",
    "name": "Femke Postma",
    "email": "femke@noordkade.example",
    "tier": "Silver",
    "region": "Groningen",
}


def invite(browser: FlaskClient, **changes: str) -> Any:
    return browser.post("/partners/invitations", data={**OFFER, **changes})


def last_link() -> str:
    mail = db.session.scalars(
        select(OutgoingMail)
        .where(OutgoingMail.template == "partner_invitation")
        .order_by(OutgoingMail.id.desc())
    ).first()
    assert mail
    found = re.search(r"http://localhost:8000(/invitation/\S+)", mail.text)
    assert found
    return found[1]


def noordkade() -> Organisation:
    return db.session.scalars(select(Organisation).where(Organisation.name == "Noordkade Systems")).one()


def test_an_invited_company_becomes_a_partner(as_person: Browser, client: FlaskClient, cast: Cast) -> None:
    cast.northwind.currency = "NOK"
    assert invite(as_person(cast.ingrid)).status_code == 303
    page = client.get(last_link()).text
    assert "Northwind Cloud invites Noordkade Systems" in page
    answer = client.post(last_link(), data={"name": "Femke Postma", "password": NEW})
    assert (answer.status_code, answer.location) == (303, "/welcome")
    partner = noordkade()
    assert (partner.kind, partner.slug) == ("partner", "noordkade-systems")
    assert (partner.country, partner.timezone, partner.currency) == ("NO", "Europe/Oslo", "NOK")
    terms = queries.partnership_between(cast.northwind.id, partner.id)
    assert terms
    assert (terms.tier, terms.region, terms.manager_id) == ("Silver", "Groningen", cast.ingrid.id)
    assert queries.vendors_of(partner) == [(cast.northwind, terms)]
    seat = db.session.scalars(scoped(partner, Membership)).one()
    assert seat.role is Role.ADMIN


def test_the_vendor_is_told_that_they_joined(as_person: Browser, client: FlaskClient, cast: Cast) -> None:
    invite(as_person(cast.ingrid))
    client.post(last_link(), data={"name": "Femke Postma", "password": NEW})
    mail = db.session.scalars(select(OutgoingMail).where(OutgoingMail.template == "partner_joined")).one()
    assert (mail.recipient, mail.subject) == (cast.ingrid.email, "Noordkade Systems has joined you")
    assert "Noordkade Systems" in as_person(cast.walter).get("/partners").text


def test_an_inviter_who_left_is_stood_in_for_by_the_administrators(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    invite(as_person(cast.ingrid))
    db.session.query(Membership).filter_by(person_id=cast.ingrid.id).delete()
    client.post(last_link(), data={"name": "Femke Postma", "password": NEW})
    told = db.session.scalars(
        select(OutgoingMail.recipient).where(OutgoingMail.template == "partner_joined")
    ).all()
    assert told == [cast.vera.email]


def test_a_partner_of_another_vendor_joins_as_it_is(as_person: Browser, cast: Cast) -> None:
    invite(as_person(cast.simon), email=cast.maya.email, company="Harbour")
    maya = as_person(cast.maya)
    assert "Harbour IT" in maya.get(last_link()).text
    maya.post(last_link(), data={"home": cast.harbour.pid})
    assert [vendor.name for vendor, _ in queries.vendors_of(cast.harbour)] == ["Northwind Cloud", "Southgate"]
    assert not db.session.scalars(select(Organisation).where(Organisation.name == "Harbour")).all()


def test_nobody_joins_with_a_company_that_isn_t_theirs(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    invite(as_person(cast.simon), email=cast.maya.email, company="Another")
    assert (
        client.post(last_link(), data={"password": PASSWORD, "home": cast.leuvelink.pid}).status_code == 422
    )
    assert queries.partners_of(cast.southgate) == [(cast.leuvelink, cast.southgate_leuvelink)]


def test_joining_twice_is_said_and_changes_nothing(as_person: Browser, cast: Cast) -> None:
    invite(as_person(cast.ingrid), email=cast.maya.email, company="Harbour")
    answer = as_person(cast.maya).post(last_link(), data={"home": cast.harbour.pid})
    assert answer.status_code == 409
    assert "Harbour IT is a partner of Northwind Cloud already." in answer.text
    assert db.session.scalars(scoped(cast.northwind, Invitation)).one().accepted_at is None


def test_an_ended_partnership_begins_anew(as_person: Browser, cast: Cast) -> None:
    cast.northwind_harbour.status = PartnershipStatus.ENDED
    assert queries.partnership_between(cast.northwind.id, cast.harbour.id) is None
    invite(as_person(cast.ingrid), email=cast.maya.email, tier="Gold")
    as_person(cast.maya).post(last_link(), data={"home": cast.harbour.pid})
    terms = queries.partnership_between(cast.northwind.id, cast.harbour.id)
    assert terms
    assert (terms.id, terms.tier) == (cast.northwind_harbour.id, "Gold")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("company", "harbour it", "is your partner already"),
        ("company", "", "Write the company’s name."),
        ("email", "femke", "Write one address"),
        ("name", "Femke\nBcc: x@y.example", "Write it on one line."),
        ("tier", "x" * 41, "40 characters at most"),
    ],
)
def test_what_cannot_be_sent_is_said_beside_the_field(
    as_person: Browser, cast: Cast, field: str, value: str, words: str
) -> None:
    answer = invite(as_person(cast.ingrid), **{field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert not db.session.scalars(scoped(cast.northwind, Invitation)).all()


def test_a_role_or_an_owner_cannot_come_in_by_the_form(as_person: Browser, cast: Cast) -> None:
    invite(as_person(cast.ingrid), role="viewer", organisation_id=str(cast.southgate.id), kind="colleague")
    held = db.session.scalars(select(Invitation)).one()
    assert (held.organisation_id, held.kind, held.role) == (cast.northwind.id, "partner", "admin")


def test_a_colleague_s_invitation_is_not_a_partner_s(as_person: Browser, cast: Cast) -> None:
    data = {"invite-name": "N", "invite-email": "new@northwind.example", "invite-role": "viewer"}
    as_person(cast.vera).post("/settings/invitations", data=data)
    held = db.session.scalars(scoped(cast.northwind, Invitation)).one()
    assert as_person(cast.ingrid).post(f"/partners/invitations/{held.pid}/revoke").status_code == 404


def test_counts_are_the_vendor_s_own(as_person: Browser, cast: Cast) -> None:
    told = story.campaign(cast.northwind, cast.harbour, shares_leads=True)
    told.campaign.launched_at = now()
    other = story.campaign(cast.southgate, cast.leuvelink, "Other")
    other.campaign.launched_at = now()
    db.session.commit()
    page = as_person(cast.ingrid).get("/partners").text
    assert "<b>1 of 2</b> launched something in the last six months." in page
    assert "1\u00a0campaign in the last six months" in page
    active = as_person(cast.ingrid).get("/partners?show=active").text
    assert "Harbour IT" in active
    assert "Leuvelink" not in active


def test_only_shared_leads_are_counted(as_person: Browser, cast: Cast) -> None:
    told = story.campaign(cast.northwind, cast.harbour)
    assert db.session.query(Lead).count() == 0
    submission = story.submission(told)
    for shared_at in (None, now()):
        db.session.add(
            Lead(
                partner_id=cast.harbour.id,
                vendor_id=cast.northwind.id,
                campaign_id=told.campaign.id,
                submission_id=submission.id,
                name="A",
                email="a@b.example",
                answer_by=now(),
                shared_at=shared_at,
            )
        )
    db.session.commit()
    assert 'data-label="Leads shared">1<' in as_person(cast.ingrid).get("/partners").text


def test_the_first_partner_is_asked_for(as_person: Browser, cast: Cast) -> None:
    db.session.query(Partnership).delete()
    assert (
        "Invite the first company through one person there." in as_person(cast.ingrid).get("/partners").text
    )
    assert "Invite a partner" not in as_person(cast.walter).get("/partners").text


def test_only_those_who_edit_may_invite(as_person: Browser, cast: Cast) -> None:
    assert invite(as_person(cast.tomas)).status_code == 403
    assert invite(as_person(cast.maya)).status_code == 404


def test_the_new_person_has_no_seat_at_the_vendor(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    invite(as_person(cast.ingrid))
    client.post(last_link(), data={"name": "Femke Postma", "password": NEW})
    femke = db.session.scalars(select(Person).where(Person.email == "femke@noordkade.example")).one()
    seats = db.session.scalars(select(Membership).where(Membership.person_id == femke.id)).all()
    assert [seat.organisation_id for seat in seats] == [noordkade().id]
    assert client.get("/partners").status_code == 404
