"""Events of Amazon SES, as its event publishing and its feedback notifications tell them, made into evidence about a message.

The message is found by the tag that it was sent with, by its own signed header, or by the id that SES gave it.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.delivery.bounces import Cause
from app.delivery.bounces.judge import Answer, judge
from app.delivery.bounces.rules import book
from app.delivery.models import Delivery, DeliveryState, Send
from app.delivery.records import Came, Source
from app.delivery.returned.evidence import Evidence
from app.delivery.returned.find import delivery_of_token
from app.delivery.returned.hear import About, about, hear, settle

_NOT_ABOUT_PEOPLE = ("not-spam", "auth-failure", "virus")
_SUBTYPES = {
    "NoEmail": Cause.NO_MAILBOX,
    "MailboxFull": Cause.FULL,
    "MessageTooLarge": Cause.SIZE,
    "ContentRejected": Cause.CONTENT,
    "AttachmentRejected": Cause.CONTENT,
    "CustomTimeoutExceeded": Cause.EXPIRED,
}
Event = Mapping[str, Any]


def hear_event(text: str, message_id: str) -> str:
    """Hear the event in a message of SNS, in the caller's transaction; returns what was done: heard, again, unmatched or ignored."""
    event = _object(text)
    kind = str(event.get("eventType") or event.get("notificationType") or "").replace(" ", "").lower()
    make = _KINDS.get(kind)
    if make is None:
        return "ignored"
    evidence = make(event, f"sns {message_id}")
    message = _about(event)
    # Nearly all are delivered; only where nobody knew is that news worth a row.
    if evidence.kind is Came.DELIVERED and not (
        message and settle(message.delivery_id, message.send_id, evidence)
    ):
        return "ignored"
    if not hear(evidence, message):
        return "again"
    return "heard" if message else "unmatched"


def _object(text: str) -> Event:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _part(event: Event, name: str) -> Event:
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def _list(holder: Event, name: str) -> list[Any]:
    found = holder.get(name)
    return found[:1000] if isinstance(found, list) else []


def _bounce(event: Event, key: str) -> Evidence:
    bounce = _part(event, "bounce")
    people = [one for one in _list(bounce, "bouncedRecipients") if isinstance(one, dict)]
    first: Event = people[0] if people else {}
    said, status = str(first.get("diagnosticCode", ""))[:2000], str(first.get("status", ""))[:20]
    said = said.partition(";")[2].strip() or said
    judged = judge(Answer("", "failed", status, said), book())
    cause = _SUBTYPES.get(str(bounce.get("bounceSubType")), judged.cause)
    # What SES calls permanent stands on its own list of addresses that it takes no mail for.
    kind = Came.HARD if bounce.get("bounceType") == "Permanent" else Came.SOFT
    return Evidence(kind, Source.SNS, now(), key, str(cause), judged.status or status, said)


def _complaint(event: Event, key: str) -> Evidence:
    complaint = _part(event, "complaint")
    kind, cause = Came.COMPLAINT, Cause.COMPLAINT
    if complaint.get("complaintFeedbackType") in _NOT_ABOUT_PEOPLE:
        kind, cause = Came.NONE, Cause.REPORT
    words = str(complaint.get("complaintFeedbackType") or "")[:40]
    return Evidence(kind, Source.SNS, now(), key, str(cause), "", words)


def _delivered(event: Event, key: str) -> Evidence:
    part = _part(event, "delivery")
    said = str(part.get("smtpResponse", ""))[:2000]
    return Evidence(Came.DELIVERED, Source.SNS, now(), key, str(Cause.DELIVERED), "", said)


def _delayed(event: Event, key: str) -> Evidence:
    part = _part(event, "deliveryDelay")
    people = [one for one in _list(part, "delayedRecipients") if isinstance(one, dict)]
    first: Event = people[0] if people else {}
    said, status = str(first.get("diagnosticCode", ""))[:2000], str(first.get("status", ""))[:20]
    return Evidence(Came.DELAYED, Source.SNS, now(), key, str(Cause.DELAYED), status, said)


def _reject(event: Event, key: str) -> Evidence:
    said = str(_part(event, "reject").get("reason", ""))[:200]
    return Evidence(Came.NOT_SENT, Source.SNS, now(), key, str(Cause.VIRUS), "", said)


def _not_rendered(event: Event, key: str) -> Evidence:
    said = str(_part(event, "failure").get("errorMessage", ""))[:500]
    return Evidence(Came.NOT_SENT, Source.SNS, now(), key, str(Cause.CONTENT), "", said)


_KINDS = {
    "bounce": _bounce,
    "complaint": _complaint,
    "delivery": _delivered,
    "deliverydelay": _delayed,
    "reject": _reject,
    "renderingfailure": _not_rendered,
}


def _about(event: Event) -> About | None:
    mail = _part(event, "mail")
    tags = [str(one) for one in _list(_part(mail, "tags"), "delivery")]
    headers = [
        str(one.get("value", ""))
        for one in _list(mail, "headers")
        if isinstance(one, dict) and str(one.get("name", "")).lower() == "x-throughline-delivery"
    ]
    for token in (*tags, *headers):
        found = delivery_of_token(token.strip())
        if found is not None:
            return about(found)
    return _by_id(mail)


def _by_id(mail: Event) -> About | None:
    """The accepted message whose reply is the id that SES gave it, among those to the addresses it went to."""
    known_as = str(mail.get("messageId", ""))[:150]
    people = [str(one).lower() for one in _list(mail, "destination")[:5]]
    if not known_as or not people:
        return None
    senders = list(db.session.scalars(select(Send.partner_id).distinct()))  # unscoped: by SES's own id, below
    query = (
        select(Delivery.id)  # unscoped: by the id that Amazon SES alone gave out
        .join(Contact, Contact.id == Delivery.contact_id)
        .where(
            Contact.partner_id.in_(senders),
            Contact.email.in_(people),
            Delivery.reply == f"SES {known_as}",
            Delivery.state == DeliveryState.ACCEPTED,
        )
        .limit(2)
    )
    ids = list(db.session.scalars(query))
    return about(ids[0]) if len(ids) == 1 else None
