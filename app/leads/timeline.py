"""How a person came to be a lead: the mail, what followed it, and what machines did meanwhile, newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering
from app.landing.models import PublishedPage, Submission
from app.leads.models import Lead
from app.tracking.models import EventKind, TrackedEvent


@dataclass(frozen=True)
class Touch:
    """One step: a bold word, the rest of the sentence, when; machines are marked."""

    what: str
    more: str
    at: datetime
    quote: str = ""
    machine: bool = False


def timeline(lead: Lead) -> list[Touch]:
    """Every step that is on record for this lead. Clicks and views stand in it only with tracking consent."""
    submission = db.session.get_one(Submission, lead.submission_id)  # unscoped: by the scoped lead's own id
    touches = [_submitted(submission)]
    if submission.delivery_id:
        delivery = db.session.get_one(
            Delivery, submission.delivery_id
        )  # unscoped: by the scoped lead's own chain
        for mail in _mails(delivery):
            touches += _events(mail)
            touches += _sent(mail)
    return sorted(touches, key=lambda t: t.at, reverse=True)


def _mails(delivery: Delivery) -> list[Delivery]:
    """The mails of the campaign to this person: with a sequence they came by the last of several."""
    query = select(Delivery).where(  # unscoped: by the scoped lead's own chain
        Delivery.contact_id == delivery.contact_id, Delivery.campaign_id == delivery.campaign_id
    )
    return list(db.session.scalars(query))


def _submitted(submission: Submission) -> Touch:
    page = db.session.get_one(PublishedPage, submission.page_id)  # unscoped: by the scoped lead's own chain
    known = {"name", "company", "email", "phone"}
    quote = " ".join(str(v) for k, v in submission.fields.items() if k not in known and v)
    return Touch("Filled in the form", f"on “{page.content['title']}”", submission.at, quote)


def _events(delivery: Delivery) -> list[Touch]:
    rows = db.session.scalars(
        select(TrackedEvent).where(TrackedEvent.delivery_id == delivery.id)
    )  # unscoped: by the scoped lead's own chain
    return [_event(row) for row in rows]


def _event(row: TrackedEvent) -> Touch:
    if row.is_machine:
        return Touch(
            "A machine",
            f"followed a link ({row.reason})"
            if row.kind is EventKind.CLICK
            else f"looked at it ({row.reason})",
            row.at,
            machine=True,
        )
    match row.kind:
        case EventKind.CLICK:
            return Touch("Clicked", f"link {row.number} of the mail", row.at)
        case EventKind.VIEW:
            return Touch("Read the landing page", "", row.at)
    return Touch("Opened the mail", "", row.at)


def _sent(delivery: Delivery) -> list[Touch]:
    if delivery.state is not DeliveryState.ACCEPTED or delivery.decided_at is None:
        return []
    rendering = db.session.get_one(
        Rendering, delivery.rendering_id
    )  # unscoped: by the scoped lead's own chain
    return [Touch("Got the mail", f"“{rendering.subject}”", delivery.decided_at)]
