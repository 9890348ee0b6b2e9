"""In how many working days a vendor promises to answer a review."""

from app.accounts.actor import ADMINS, Actor
from app.accounts.audit import record
from app.campaigns.review_clock import MOST_DAYS
from app.campaigns.review_models import ReviewTerms
from app.db import db, scoped
from app.errors import Forbidden, Invalid


def set_days(actor: Actor, days: int) -> None:
    """Promise an answer within so many working days, from the next review on. Only for admins. Raises Invalid."""
    if not actor.is_vendor or not actor.may(ADMINS):
        raise Forbidden("Admins set in how many days reviews are answered.")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("The number is not changed.", {"days": f"Give a number from 1 to {MOST_DAYS}."})
    terms = db.session.scalars(scoped(actor.organisation, ReviewTerms)).one_or_none()
    if terms is None:
        terms = ReviewTerms(vendor_id=actor.organisation.id, days=days)
        db.session.add(terms)
    terms.days = days
    record(actor, "review.days_set", terms, days=days)
