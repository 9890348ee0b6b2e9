"""A piece of evidence about one message, made from whatever came in, and what it means for a message that is uncertain."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from app.delivery.bounces import Cause, Kind, Recipient, Verdict
from app.delivery.bounces.kinds import WORDS
from app.delivery.models import DeliveryState
from app.delivery.records import Came, Source
from app.delivery.reply import without_addresses

LABELS: dict[Came, str] = {
    Came.HARD: "Came back for good",
    Came.SOFT: "Came back this time",
    Came.DELAYED: "Late",
    Came.COMPLAINT: "Complained",
    Came.AUTOREPLY: "Automatic reply",
    Came.DELIVERED: "Delivered",
    Came.NOT_SENT: "Kept back",
    Came.NONE: "Something else",
}
_KINDS = {Kind.HARD: Came.HARD, Kind.COMPLAINT: Came.COMPLAINT, Kind.AUTOREPLY: Came.AUTOREPLY}

# What evidence makes of an uncertain message. A reply by a person settles nothing: it may be a bounce in words nobody knows.
SETTLES: dict[Came, DeliveryState] = {
    Came.HARD: DeliveryState.REJECTED,
    Came.SOFT: DeliveryState.REJECTED,
    Came.NOT_SENT: DeliveryState.REJECTED,
    Came.DELAYED: DeliveryState.ACCEPTED,
    Came.COMPLAINT: DeliveryState.ACCEPTED,
    Came.AUTOREPLY: DeliveryState.ACCEPTED,
    Came.DELIVERED: DeliveryState.ACCEPTED,
}


@dataclass(frozen=True)
class Evidence:
    """What came in about one message. `key` is the same however often it arrives."""

    kind: Came
    source: Source
    at: datetime
    key: str
    cause: str = ""
    status: str = ""
    words: str = ""

    @property
    def reason(self) -> str:
        """Why, in words for people."""
        return reason_of(self.cause) or LABELS[self.kind]


def reason_of(cause: str) -> str:
    """The words of a stored cause; nothing for one that is not known."""
    try:
        return WORDS[Cause(cause)]
    except ValueError:
        return ""


def of_verdict(verdict: Verdict, source: Source, at: datetime, key: str, address: str = "") -> Evidence:
    """The evidence in a mail's verdict. Where it names `address`, what it says of that counts, else what decided."""
    one = _about(verdict, address)
    kind, cause = (one.kind, one.cause) if one else (verdict.kind, verdict.cause)
    return Evidence(
        came(kind, cause),
        source,
        at,
        key,
        str(cause),
        one.status if one else "",
        one.diagnostic if one else "",
    )


def came(kind: Kind, cause: Cause) -> Came:
    """A verdict's kind, with what is only late and what arrived told apart."""
    if cause is Cause.DELAYED:
        return Came.DELAYED
    if cause is Cause.DELIVERED:
        return Came.DELIVERED
    if kind is Kind.SOFT:
        return Came.SOFT
    return _KINDS.get(kind, Came.NONE)


def _about(verdict: Verdict, address: str) -> Recipient | None:
    named = [one for one in verdict.recipients if address and one.address.lower() == address.lower()]
    return next(iter(named or verdict.recipients), None)


def key_of(delivery_id: int | None, message_id: str, raw: bytes) -> str:
    """The key of a mail: its own Message-ID, or all of it, with the message it is about."""
    told = message_id.encode("utf-8", "surrogateescape") if message_id else raw
    return hashlib.sha256(f"{delivery_id or 0} ".encode() + told).hexdigest()


def words_for_people(said: str, email: str) -> str:
    """A server's words without addresses, and without the name before the @ of the person they are about."""
    cleaned = without_addresses(said)
    local = email.partition("@")[0]
    if len(local) < 3:
        return cleaned
    at, lower, found = 0, cleaned.lower(), []
    while (hit := lower.find(local.lower(), at)) >= 0:
        found.append(cleaned[at:hit])
        at = hit + len(local)
    return "…".join([*found, cleaned[at:]])[:300]
