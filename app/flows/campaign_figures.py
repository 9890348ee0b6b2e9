"""What each of a partner's campaigns has come to, in one read per figure: for lists, not for the page of one campaign."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func

from app.accounts.models import Organisation
from app.attribution.returns import by_campaign
from app.db import db, scoped
from app.delivery.models import Delivery, DeliveryState, Send
from app.leads.models import Lead
from app.mdf.models import MdfRequest, RequestStatus
from app.money import Money

_GRANTED = (RequestStatus.APPROVED, RequestStatus.CLAIMED, RequestStatus.CLOSED)


@dataclass
class Figures:
    """People whose mail server took the message, leads, won deals by last touch, funding granted. None: nothing of it yet."""

    sent: int | None = None
    leads: int | None = None
    won: Money | None = None
    funding: Money | None = None


def figures(partner: Organisation) -> dict[int, Figures]:
    """By the campaign's id; campaigns of which nothing is known yet give empty figures."""
    found: dict[int, Figures] = defaultdict(Figures)
    sent = (
        scoped(partner, Delivery)
        .join(Send, Send.id == Delivery.send_id)
        .where(Delivery.state == DeliveryState.ACCEPTED, Send.step == 1)  # each person once
        .group_by(Send.campaign_id)
    )
    for number, people in db.session.execute(sent.with_only_columns(Send.campaign_id, func.count())):
        found[number].sent = people
    leads = scoped(partner, Lead).group_by(Lead.campaign_id)
    for number, people in db.session.execute(leads.with_only_columns(Lead.campaign_id, func.count())):
        found[number].leads = people
    for result in by_campaign(partner):
        if result.deals:
            found[result.campaign_id].won = Money(result.won, result.currency)
    _add_funding(partner, found)
    return found


def _add_funding(partner: Organisation, found: dict[int, Figures]) -> None:
    granted = (
        scoped(partner, MdfRequest)
        .where(MdfRequest.status.in_(_GRANTED), MdfRequest.campaign_id.is_not(None))
        .with_only_columns(MdfRequest.campaign_id, MdfRequest.currency, func.sum(MdfRequest.approved_minor))
        .group_by(MdfRequest.campaign_id, MdfRequest.currency)
    )
    for number, currency, minor in db.session.execute(granted):
        if number is not None and minor is not None:
            found[number].funding = Money(int(minor), currency)


def together(rows: list[Figures]) -> Figures:
    """The sums of a table; money only where all of it is in one currency."""
    return Figures(
        sent=_sum([row.sent for row in rows]),
        leads=_sum([row.leads for row in rows]),
        won=_money([row.won for row in rows if row.won]),
        funding=_money([row.funding for row in rows if row.funding]),
    )


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _money(values: list[Money]) -> Money | None:
    if len({value.currency for value in values}) != 1:
        return None
    return Money(sum(value.minor for value in values), values[0].currency)
