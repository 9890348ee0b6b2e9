"""The product's own mails: a lead called `{{7*7}}` stays so in subject, text and HTML, and no name can forge a header."""

from email.message import EmailMessage

import pytest

from app.db import db
from app.leads import capture, mails
from app.mail import post
from app.mail.errors import HeaderRefused
from app.mail.models import OutgoingMail
from app.mail.sending import compose
from tests.render.payloads import HOSTILE
from tests.rig import story as stories
from tests.rig.cast import Cast


def invitation(cast: Cast, name: str) -> OutgoingMail:
    values = {
        "name": name,
        "inviter": name,
        "partner_name": name,
        "link": "http://localhost:8000/invitation/x",
        "until": "Tue 19 May",
    }
    return post("partner_invitation", "femke@noordkade.example", values, cast.northwind)


def made(mail: OutgoingMail, sender: str = "Northwind") -> EmailMessage:
    """The mail as it goes out."""
    message = compose(mail, sender, "mail@throughline.example")
    assert isinstance(message, EmailMessage)
    return message


def test_a_lead_s_name_stays_to_the_letter_in_the_mail_about_it(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    sent = stories.submission(
        story, name="{{7*7}} <b>B</b>", company="{% raw %}Co", note="${7*7} {{ config }}"
    )
    lead = capture.capture(sent)
    assert lead is not None
    mails.captured(lead)
    mails.received(lead)
    db.session.commit()
    posted = list(db.session.query(OutgoingMail))
    assert {mail.template for mail in posted} == {"lead_new", "request_received"}
    for mail in posted:
        assert "{{7*7}}" in mail.subject + mail.text
        assert "{{7*7}}" in mail.html
        assert "<b>B</b>" not in mail.html


def test_no_name_changes_what_a_mail_is_made_of(cast: Cast) -> None:
    calm = {name.lower() for name in made(invitation(cast, "Femke"))}
    for payload in HOSTILE:
        try:
            mail = invitation(cast, payload)
        except HeaderRefused:
            continue
        message = made(mail, payload if payload.isprintable() else "Northwind")
        assert {name.lower() for name in message} == calm, payload
        assert " ".join(payload.split()) in " ".join(mail.text.split()), payload
        assert "<b>x</b>" not in mail.html
        assert "<script" not in mail.html


@pytest.mark.parametrize(
    "name",
    [
        "x\r\nBcc: a@example.com",
        "x\nBcc: a@example.com",
        "x\rBcc: a@example.com",
        "x\u2028Bcc: a@example.com",
    ],
)
def test_a_line_break_in_a_name_is_refused_before_anything_is_written(cast: Cast, name: str) -> None:
    with pytest.raises(HeaderRefused):
        invitation(cast, name)
    assert db.session.query(OutgoingMail).count() == 0
