"""The people behind each number of “who does not get it”: judged now while a campaign is a draft, as it was written down once it is launched.

Every reason there is has its list: nothing here names one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from app.accounts.models import Organisation
from app.audience import mailable
from app.audience.mailable import Reason
from app.audience.models import Contact
from app.campaigns.chosen import chosen
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.delivery import left_out as kept
from app.delivery.models import SendStatus

PAGE = 50


@dataclass(frozen=True)
class Line:
    """One reason: how many, and how many the launch page had counted where that is known."""

    reason: Reason
    people: int
    at_launch: int | None = None


@dataclass(frozen=True)
class Standing:
    """An audience by verdict. `launched`: as it was then, not as it would be now; `writing`: the list is still being written."""

    mailable: int
    lines: tuple[Line, ...]
    launched: bool
    writing: bool = False

    @property
    def excluded(self) -> int:
        """How many do not get it."""
        return sum(line.people for line in self.lines)

    @property
    def total(self) -> int:
        """Everyone."""
        return self.mailable + self.excluded

    def line(self, reason: Reason) -> Line:
        """One reason's line; nobody, where there is none."""
        return next((line for line in self.lines if line.reason is reason), Line(reason, 0))


@dataclass(frozen=True)
class People:
    """One page of the people behind a number, in the order of ids; `after` leads to the next page."""

    rows: list[Contact]
    after: int | None


def standing(partner: Organisation, campaign: Campaign) -> Standing | None:
    """How the campaign's audience divides, for the partner; None while no audience is chosen."""
    send = kept.first_send(partner, campaign)
    if send is not None:
        found = kept.frozen(send)
        writing = send.status is SendStatus.EXPANDING
        names = [reason for reason in Reason if found.reasons.get(reason) or found.at_launch.get(reason)]
        lines = [Line(reason, found.reasons.get(reason, 0), found.at_launch.get(reason)) for reason in names]
        return Standing(found.rows, tuple(lines), launched=True, writing=writing)
    audience = chosen(partner, campaign)
    if audience is None:
        return None
    counted = mailable.count(partner, campaign.vendor_id, audience.people)
    lines = [Line(reason, people) for reason, people in counted.reasons.items()]
    return Standing(counted.mailable, tuple(lines), launched=False)


def people(partner: Organisation, campaign: Campaign, reason: Reason, after: int = 0) -> People:
    """A page of those who do not get it for this reason."""
    query = _query(partner, campaign, reason)
    if query is None:
        return People([], None)
    found = list(db.session.scalars(query.where(Contact.id > after).order_by(Contact.id).limit(PAGE + 1)))
    return People(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def everyone(partner: Organisation, campaign: Campaign, reason: Reason) -> Iterator[Contact]:
    """All of them, a thousand at a time, for an export."""
    after, query = 0, _query(partner, campaign, reason)
    while query is not None:
        rows = list(db.session.scalars(query.where(Contact.id > after).order_by(Contact.id).limit(1_000)))
        if not rows:
            return
        yield from rows
        after = rows[-1].id
        db.session.expunge_all()


def erased_since(partner: Organisation, campaign: Campaign, reason: Reason) -> int:
    """How many of a launched campaign's left-out people were erased meanwhile: they count, and have no name any more."""
    send = kept.first_send(partner, campaign)
    if send is None:
        return 0
    query = _query(partner, campaign, reason)
    assert query is not None  # noqa: S101 — a send is there
    present = db.session.scalar(
        select(func.count()).select_from(query.with_only_columns(Contact.id).subquery())
    )
    return kept.frozen(send).reasons.get(reason, 0) - (present or 0)


def _query(partner: Organisation, campaign: Campaign, reason: Reason) -> Select[Contact] | None:
    send = kept.first_send(partner, campaign)
    if send is not None:
        return kept.frozen_people(partner, send, reason)
    audience = chosen(partner, campaign)
    if audience is None:
        return None
    judged = mailable.left_out_select(partner.id, campaign.vendor_id, audience.people).subquery()
    wanted = select(judged.c.contact_id).where(judged.c.reason == str(reason))
    return scoped(partner, Contact).where(Contact.id.in_(wanted))
