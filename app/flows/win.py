"""A deal is won: it is closed, and the campaigns that led to it get their credit, all in one transaction."""

from app.accounts import audit
from app.accounts.actor import Actor
from app.attribution import credit
from app.attribution.models import Model
from app.attribution.records import Credit
from app.audience import engagement
from app.leads.deals import close_won
from app.leads.models import Deal


def win(actor: Actor, deal: Deal) -> list[Credit]:
    """Close the deal as won and write its last-touch credits. Raises Conflict for a deal that can't be won (any more)."""
    close_won(actor, deal)
    if deal.contact_id is not None:
        engagement.mark([(deal.partner_id, deal.contact_id)])
    lines = credit.write(deal, Model.LAST)
    audit.record(actor, "deal.credited", deal, model=str(Model.LAST), lines=len(lines))
    return lines
