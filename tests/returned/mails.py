"""Mails that come back, made for a delivery: what its address, its header and its Message-ID look like, and reports about it."""

from app import tokens
from app.audience.models import Contact
from app.db import db
from app.delivery.models import Delivery
from app.settings import current

USER_UNKNOWN = "smtp; 550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"
FULL = "smtp; 452 4.2.2 <{to}> The email account that you tried to reach is over quota"


def address(row: Delivery) -> str:
    """The envelope sender of this message: where it comes back to."""
    local, _, domain = current().mail_from.partition("@")
    return f"{local}+{tokens.make('bounce', row.id)}@{domain}"


def token(row: Delivery) -> str:
    """What stands in its X-Throughline-Delivery and its Message-ID."""
    return tokens.make("delivery", row.id)


def report(
    row: Delivery,
    said: str = USER_UNKNOWN,
    status: str = "5.1.1",
    action: str = "failed",
    *,
    to: str | None = None,
    message_id: str = "",
    original: str | None = None,
) -> bytes:
    """A delivery report as Postfix writes it. `original`: the headers of the mail it brings back."""
    person = db.session.get_one(Contact, row.contact_id).email
    known_as = message_id or f"report-{row.id}-{status}-{action}@mx.example"
    head = (
        original
        if original is not None
        else f"X-Throughline-Delivery: {token(row)}\r\nSubject: Is your office safe?\r\n"
    )
    return (
        f"""From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: {to or address(row)}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{known_as}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.

I'm sorry to have to inform you that your message could not be delivered.

<{person}>: host mx.example said: {said.format(to=person).partition(";")[2]} (in reply to RCPT TO command)

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {person}
Action: {action}
Status: {status}
Diagnostic-Code: {said.format(to=person)}

--B
Content-Type: text/rfc822-headers

{head}
--B--
""".replace("\r\n", "\n")
        .replace("\n", "\r\n")
        .encode()
    )


def complaint(row: Delivery, kind: str = "abuse") -> bytes:
    """A feedback report (RFC 5965)."""
    return f"""From: feedback@provider.example
To: {address(row)}
Subject: complaint about message
Message-ID: <fbl-{row.id}-{kind}@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1.0
Version: 1

--B
Content-Type: message/rfc822

X-Throughline-Delivery: {token(row)}
Subject: Is your office safe?

Hello
--B--
""".replace("\n", "\r\n").encode()


def autoreply(row: Delivery) -> bytes:
    """Somebody is on holiday."""
    return f"""From: someone@vandijk.example
To: {address(row)}
Subject: Out of office: Is your office safe?
Message-ID: <vacation-{row.id}@vandijk.example>
Auto-Submitted: auto-replied
Content-Type: text/plain

I am away until Monday. User unknown to the switchboard until then.
""".replace("\n", "\r\n").encode()
