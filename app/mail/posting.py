"""Posting a mail: rendered now, written as a row with the change it tells of, sent once that change is committed.

A mail is a folder in templates/mail with subject.txt, body.txt and body.html.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import render_template

from app.clock import now
from app.db import db
from app.mail.errors import HeaderRefused
from app.mail.models import OutgoingMail
from app.queue import JobName, enqueue
from app.settings import current

if TYPE_CHECKING:
    from app.accounts.models import Organisation

_SUBJECT_MAX = 255


def post(
    template: str, to: str, context: Mapping[str, object], organisation: "Organisation | None" = None
) -> OutgoingMail:
    """Write the mail `template` to one address and ring for it to be sent after the commit.

    `organisation` is whose mail it is: its name stands in the sender. Links in `context` must be absolute.
    Raises HeaderRefused where subject or address would forge a header.
    """
    values = {"organisation": organisation, "app_url": current().app_url, **context}
    subject = header(render_template(f"mail/{template}/subject.txt", **values).strip())
    moment = now()
    mail = OutgoingMail(
        organisation_id=organisation.id if organisation else None,
        template=template,
        recipient=address(to),
        subject=subject if len(subject) <= _SUBJECT_MAX else subject[: _SUBJECT_MAX - 1] + "…",
        text=render_template(f"mail/{template}/body.txt", **values).strip() + "\n",
        html=render_template(f"mail/{template}/body.html", **values),
        created_at=moment,
        not_before=moment,
        rung_at=moment,
    )
    db.session.add(mail)
    db.session.flush()
    enqueue(JobName.SEND_MAIL, mail.id)
    return mail


def post_finished(
    kind: str, to: str, subject: str, raw: bytes, organisation: "Organisation | None" = None
) -> OutgoingMail:
    """Write a message that is complete already (headers and body, ASCII, CRLF) and ring for it to be sent after the commit.

    It is sent at most once by itself: a try that ends without an answer leaves it uncertain. `subject` is for lists.
    """
    moment = now()
    mail = OutgoingMail(
        organisation_id=organisation.id if organisation else None,
        template=kind,
        recipient=address(to),
        subject=subject[:_SUBJECT_MAX],
        text="",
        html="",
        raw=raw,
        created_at=moment,
        not_before=moment,
        rung_at=moment,
    )
    db.session.add(mail)
    db.session.flush()
    enqueue(JobName.SEND_MAIL, mail.id)
    return mail


def header(text: str) -> str:
    """`text`, if it may stand in a header. Raises HeaderRefused for line breaks and other control characters."""
    if any(ord(char) < 32 or ord(char) == 127 or char in "\x85\u2028\u2029" for char in text):
        raise HeaderRefused("A name or a subject may not hold line breaks.")
    return text


def address(text: str) -> str:
    """`text`, if it is one bare address. Raises HeaderRefused for lists, names and control characters."""
    local, _, domain = header(text).rpartition("@")
    if (
        not local
        or not domain
        or len(text) > 254
        or any(char.isspace() or char in ',;<>"@' for char in local + domain)
    ):
        raise HeaderRefused("Give one email address.")
    return text
