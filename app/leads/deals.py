"""Deals: registered by a partner, protected by the vendor's yes, moved along, won or lost.

Winning crosses rooms (credits, return) and lives in `app.flows.win`; this module only closes the deal.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from app.accounts import audit
from app.accounts.actor import Actor
from app.clock import now, today
from app.db import db
from app.errors import Conflict, Invalid
from app.leads.answer import share
from app.leads.models import DEAL, LEAD, Deal, DealStage, DealStatus, Lead, LeadStatus
from app.money import Money

PROTECTION = timedelta(days=90)
STAGES = tuple(DealStage)


@dataclass(frozen=True)
class NewDeal:
    """A deal as a partner registers it."""

    account: str
    title: str
    amount: Money
    expected_on: date | None


def register(actor: Actor, new: NewDeal, lead: Lead) -> Deal:
    """Register an opportunity that came of a lead; its campaign and contact go with it, nobody types an id.

    Registering shares the lead with the vendor, who decides on the protection.
    """
    if not new.amount:
        raise Invalid("Give an amount above 0.", {"amount": "Give an amount above 0."})
    LEAD.move(lead, LeadStatus.DEAL)
    share(actor, lead)
    deal = Deal(
        partner_id=lead.partner_id,
        vendor_id=lead.vendor_id,
        lead_id=lead.id,
        campaign_id=lead.campaign_id,
        contact_id=lead.contact_id,
        account=new.account,
        title=new.title,
        amount_minor=new.amount.minor,
        currency=new.amount.currency,
        status=DealStatus.REGISTERED,
        stage=DealStage.FIRST_TALK,
        expected_on=new.expected_on,
        registered_by=actor.person.id,
    )
    db.session.add(deal)
    db.session.flush()
    audit.record(actor, "deal.registered", deal, amount=new.amount.minor, currency=new.amount.currency)
    return deal


def approve(actor: Actor, deal: Deal) -> None:
    """The vendor's yes: the deal is this partner's for ninety days."""
    DEAL.move(deal, DealStatus.APPROVED)
    deal.protected_until = today(actor.organisation.timezone) + PROTECTION
    _decided(actor, deal, "deal.approved")


def deny(actor: Actor, deal: Deal, reason: str) -> None:
    """The vendor's no, with the rule behind it, which the partner reads."""
    if not reason.strip():
        raise Invalid("Say why: the partner reads it.", {"reason": "Say why: the partner reads it."})
    DEAL.move(deal, DealStatus.DENIED)
    deal.reason = reason.strip()[:200]
    deal.closed_at = now()
    _decided(actor, deal, "deal.denied")


def advance(actor: Actor, deal: Deal) -> None:
    """On to the next stage. Raises Conflict in the last one."""
    if deal.status is DealStatus.APPROVED:
        DEAL.move(deal, DealStatus.OPEN)
    elif deal.status is not DealStatus.OPEN:
        raise Conflict("Only an approved deal moves on.")
    place = STAGES.index(deal.stage)
    if place + 1 >= len(STAGES):
        raise Conflict("It stands at the decision: say whether it is won or lost.")
    deal.stage = STAGES[place + 1]
    audit.record(actor, "deal.moved", deal, stage=deal.stage)


def lose(actor: Actor, deal: Deal, reason: str) -> None:
    """Lost, with a reason."""
    if not reason.strip():
        raise Invalid("Say why, in a few words.", {"reason": "Say why, in a few words."})
    DEAL.move(deal, DealStatus.LOST)
    deal.reason = reason.strip()[:200]
    deal.closed_at = now()
    audit.record(actor, "deal.lost", deal)


def close_won(actor: Actor, deal: Deal) -> None:
    """Mark the deal won; `app.flows.win` adds what follows from it."""
    DEAL.move(deal, DealStatus.WON)
    deal.closed_at = now()
    audit.record(actor, "deal.won", deal, amount=deal.amount_minor, currency=deal.currency)


def _decided(actor: Actor, deal: Deal, action: str) -> None:
    deal.decided_by = actor.person.id
    deal.decided_at = now()
    audit.record(actor, action, deal)
