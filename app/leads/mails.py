"""The mails that leads and deals cause: each tells the other side what happened and leads straight to the page."""

from sqlalchemy import select

from app.accounts.actor import EDITORS, Actor
from app.accounts.models import Membership, Organisation, Person
from app.assets.brand import default_brand
from app.campaigns.models import Campaign
from app.db import db
from app.leads.models import Deal, DealStatus, Lead
from app.mail import post
from app.money import Money
from app.web.hosts import app_url_for


def captured(lead: Lead) -> None:
    """Tell the partner's people, or the one who owns the lead, that somebody left their details."""
    partner = db.session.get_one(Organisation, lead.partner_id)
    campaign = db.session.get_one(Campaign, lead.campaign_id)  # unscoped: the lead's own campaign
    context = {"lead": lead, "campaign": campaign.name, "link": app_url_for("leads.show", pid=lead.pid)}
    for person in _editors(partner.id):
        post("lead_new", person.email, {**context, "person": person}, partner)


def received(lead: Lead) -> None:
    """Tell the person that the request arrived, who answers it and how to reach them: an answer to what they asked for."""
    partner = db.session.get_one(Organisation, lead.partner_id)
    brand = default_brand(partner)
    post("request_received", lead.email, {"lead": lead, "partner": partner, "brand": brand}, partner)


def handed_over(actor: Actor, lead: Lead, colleague: Person) -> None:
    """Tell a colleague that a lead is now theirs."""
    link = app_url_for("leads.show", pid=lead.pid)
    post(
        "lead_handed_over",
        colleague.email,
        {"lead": lead, "person": colleague, "by": actor.person.name, "link": link},
        actor.organisation,
    )


def registered(actor: Actor, deal: Deal) -> None:
    """Ask the vendor's marketers to decide on a deal's protection."""
    vendor = db.session.get_one(Organisation, deal.vendor_id)
    for person in _editors(vendor.id):
        post(
            "deal_registered",
            person.email,
            {**_facts(deal), "person": person, "partner": actor.organisation.name},
            vendor,
        )


def decided(actor: Actor, deal: Deal) -> None:
    """Tell the person who registered the deal what the vendor decided, and why."""
    partner = db.session.get_one(Organisation, deal.partner_id)
    person = db.session.get(Person, deal.registered_by) if deal.registered_by else None
    if person:
        approved = deal.status is DealStatus.APPROVED
        post(
            "deal_decided",
            person.email,
            {**_facts(deal), "person": person, "approved": approved, "vendor": actor.organisation.name},
            partner,
        )


def _facts(deal: Deal) -> dict[str, object]:
    return {
        "deal": deal,
        "amount": Money(deal.amount_minor, deal.currency),
        "link": app_url_for("deals.show", pid=deal.pid),
    }


def _editors(organisation_id: int) -> list[Person]:
    return list(
        db.session.scalars(
            select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.organisation_id == organisation_id, Membership.role.in_(EDITORS))
            .order_by(Person.id)
        )
    )
