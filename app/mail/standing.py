"""How one of the product's own mails stands, in the words that messages of campaigns are told in too."""

from dataclasses import dataclass
from datetime import datetime

from app.mail.models import OutgoingMail


@dataclass(frozen=True)
class Standing:
    """`state` is one of a delivery's (ready, accepted, failed, uncertain); `at` when it was decided; `note` why, if not gone."""

    state: str
    at: datetime | None
    note: str


def standing(mail: OutgoingMail) -> Standing:
    """What became of a mail."""
    if mail.sent_at is not None:
        return Standing("accepted", mail.sent_at, "")
    if mail.failed_at is not None:
        return Standing("failed", mail.failed_at, mail.reason or "")
    if mail.uncertain_at is not None:
        return Standing("uncertain", mail.uncertain_at, mail.reason or "")
    return Standing("ready", None, mail.reason or "")
