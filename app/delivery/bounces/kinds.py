"""The words of a verdict: what kind of mail came back, why, and for whom."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a mail that came back is. Only HARD says that an address must not be mailed again."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    AUTOREPLY = "autoreply"
    NONE = "none"


class Cause(StrEnum):
    """Why a mail was not delivered."""

    NO_MAILBOX = "no-mailbox"
    NO_DOMAIN = "no-domain"
    MOVED = "moved"
    NO_MAIL = "no-mail"
    BAD_ADDRESS = "bad-address"
    FULL = "full"
    DISABLED = "disabled"
    SENDER = "sender"
    BLOCKED = "blocked"
    REVERSE_DNS = "reverse-dns"
    AUTHENTICATION = "authentication"
    RELAY = "relay"
    VIRUS = "virus"
    SPAM = "spam"
    CONTENT = "content"
    SIZE = "size"
    POLICY = "policy"
    RATE = "rate"
    NETWORK = "network"
    EXPIRED = "expired"
    SYSTEM = "system"
    UNPROVED = "unproved"
    UNKNOWN = "unknown"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    REPORT = "report"
    AUTOREPLY = "autoreply"
    NOT_A_BOUNCE = "not-a-bounce"


WORDS: dict[Cause, str] = {
    Cause.NO_MAILBOX: "There is no such mailbox.",
    Cause.NO_DOMAIN: "The domain does not exist.",
    Cause.MOVED: "The mailbox has moved and left no new address.",
    Cause.NO_MAIL: "The domain takes no mail.",
    Cause.BAD_ADDRESS: "This is no valid address.",
    Cause.FULL: "The mailbox is full.",
    Cause.DISABLED: "The mailbox is switched off.",
    Cause.SENDER: "The receiver refuses the sender’s address.",
    Cause.BLOCKED: "The receiver blocks the sending server.",
    Cause.REVERSE_DNS: "The sending server’s name does not resolve back to it.",
    Cause.AUTHENTICATION: "The receiver asks for authentication that the mail did not pass.",
    Cause.RELAY: "The server that was asked does not take mail for this domain.",
    Cause.VIRUS: "The receiver took the mail for a virus.",
    Cause.SPAM: "The receiver took the mail for spam.",
    Cause.CONTENT: "The receiver refuses the mail’s form or content.",
    Cause.SIZE: "The mail is too large for the receiver.",
    Cause.POLICY: "The receiver’s rules do not allow the mail.",
    Cause.RATE: "The receiver wants fewer mails at once.",
    Cause.NETWORK: "The receiver’s server could not be reached.",
    Cause.EXPIRED: "The mail could not be delivered in time.",
    Cause.SYSTEM: "The receiver’s server had a fault.",
    Cause.UNPROVED: "The mail was refused as for an unknown mailbox, which the answer does not prove.",
    Cause.UNKNOWN: "The mail was refused without a reason that is known.",
    Cause.DELAYED: "The mail is late and still being tried.",
    Cause.DELIVERED: "The mail was delivered.",
    Cause.COMPLAINT: "The recipient reported the mail as unwanted.",
    Cause.REPORT: "A report about the mail, not a complaint.",
    Cause.AUTOREPLY: "An automatic reply.",
    Cause.NOT_A_BOUNCE: "This is not a returned mail.",
}

HARD = frozenset({Cause.NO_MAILBOX, Cause.NO_DOMAIN, Cause.MOVED, Cause.NO_MAIL, Cause.BAD_ADDRESS})


@dataclass(frozen=True)
class Recipient:
    """What came back for one address. `diagnostic` is the evidence, at most 500 characters of what the server said."""

    address: str
    kind: Kind
    cause: Cause
    status: str = ""
    action: str = ""
    diagnostic: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields as they are printed."""
        return {
            "recipient": self.address,
            "kind": self.kind.value,
            "status": self.status,
            "cause": self.cause.value,
            "reason": WORDS[self.cause],
            "action": self.action,
            "diagnostic": self.diagnostic,
        }


@dataclass(frozen=True)
class Verdict:
    """A mail's kind, and what it says for each address. The first recipient is the one that decided the kind."""

    kind: Kind
    cause: Cause
    recipients: tuple[Recipient, ...] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """One flat record; `recipient` and `status` are those of the recipient that decided."""
        first = self.recipients[0] if self.recipients else None
        return {
            "kind": self.kind.value,
            "status": first.status if first else "",
            "recipient": first.address if first else "",
            "reason": WORDS[self.cause],
            "recipients": [recipient.as_json() for recipient in self.recipients],
        }
