"""How often is too often: nobody gets more mails of a partner than its limit for a week, over all campaigns, nor than they chose themselves.

Asked where people are chosen: on the launch page, at launch, and again when a row is written, under a lock of the partner's, so that two
campaigns that begin in the same minute can't both find room for the same mail.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.audience.models import Contact, MailRules, Preference
from app.clock import now
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
DEFAULT = 3  # mails in a week where the partner says nothing else
_COUNTS = (
    DeliveryState.HELD,
    DeliveryState.READY,
    DeliveryState.CLAIMED,
    DeliveryState.COMMITTING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
)


def too_often(partner_id: int, besides: int = 0) -> ColumnElement[bool]:
    """A condition on Contact: another mail would be one too many. What is under way counts too; `besides`: not this send."""
    limit = (
        select(MailRules.a_week).where(MailRules.partner_id == partner_id).scalar_subquery()
    )  # unscoped: by partner id
    own = (
        select(Preference.a_month)  # unscoped: by partner id
        .where(Preference.partner_id == partner_id, Preference.address_hash == Contact.address_hash)
        .correlate(Contact)
        .scalar_subquery()
    )
    return or_(
        _got(partner_id, besides, WEEK) >= func.coalesce(limit, DEFAULT),
        and_(own.is_not(None), _got(partner_id, besides, MONTH) >= own),
    )


def _got(partner_id: int, besides: int, span: timedelta) -> ColumnElement[Any]:
    """How many mails a contact got in the last so many days, or is about to get."""
    since = now() - span
    under_way = select(Send.id).where(  # unscoped: by partner id
        Send.partner_id == partner_id,
        Send.status.in_((SendStatus.EXPANDING, SendStatus.SENDING, SendStatus.PAUSED)),
    )
    # One table, so that there is but one way to read it: by its contact. Joined to its sends PostgreSQL may go by these, and read
    # all that a send has written so far once for each person.
    return (
        select(func.count())  # unscoped: bound to the contact of the outer query
        .select_from(Delivery)
        .where(
            Delivery.contact_id == Contact.id,
            Delivery.partner_id == partner_id,
            Delivery.send_id != besides,
            Delivery.state.in_(_COUNTS),
            or_(
                Delivery.decided_at > since,
                and_(Delivery.decided_at.is_(None), Delivery.send_id.in_(under_way)),
            ),
        )
        .correlate(Contact)
        .scalar_subquery()
    )
