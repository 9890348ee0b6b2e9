"""What the page of the sender domain shows, and what stands in the way of taking a domain out: mail that is being sent from it."""

from dataclasses import dataclass
from typing import Any

from app.accounts.actor import Actor
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.delivery.models import Send, SendStatus
from app.domains import check, keys, manage, names
from app.domains.models import USABLE, DomainStatus, SenderDomain
from app.domains.sender import may_be_own
from app.domains.wanted import Wanted, asked, return_host
from app.errors import Refused
from app.settings import current

_OPEN = (SendStatus.WAITING, SendStatus.EXPANDING, SendStatus.SENDING, SendStatus.PAUSED)
_MARKS = {
    "found": ("ok", "circle-check", "Found"),
    "look": ("wait", "alert-triangle", "Found, look at it"),
    "missing": ("wait", "circle-dashed", "Not yet"),
    "wrong": ("bad", "circle-x", "Wrong"),
    "unknown": ("wait", "alert-circle", "Nobody answered"),
}
_ASIDE = {"return", "spf"}


@dataclass(frozen=True)
class Row:
    """A record as the page shows it: what is wanted, and how it stands."""

    wanted: Wanted
    tone: str
    icon: str
    said: str
    text: str
    holds: bool


def page(actor: Actor) -> dict[str, Any]:
    """Everything that the template names."""
    settings, domain = current(), manage.of(actor.organisation)
    found: dict[str, Any] = {
        "domain": domain,
        "platform": settings.mail_from,
        "may_be_own": may_be_own(settings),
    }
    if domain is None:
        return found
    used, waiting = keys.of(domain)
    rows = [_row(record, domain) for record in asked(domain, used, waiting, settings).records]
    needed = [row for row in rows if row.wanted.needed]
    return {
        **found,
        "name": names.shown(domain.name),
        "zone": names.shown(names.owner(domain.name)),
        "address": f"{domain.local_part}@{names.shown(domain.name)}",
        "rows": needed + [row for row in rows if row.wanted.key == "dkim-new"],
        "aside": [row for row in rows if row.wanted.key in _ASIDE],
        "back": return_host(domain.name),
        "missing": sum(not row.holds for row in needed),
        "needed": len(needed),
        "locked": keys.is_locked(domain, used or waiting),
        "changing": used is not None and waiting is not None,
        "may_change_key": used is not None and (waiting is None or keys.is_locked(domain, waiting)),
        "usable": domain.status in USABLE,
        "until": domain.failing_since and domain.failing_since + check.GRACE,
        "zone_file": "\n".join(row.wanted.zone_line for row in rows),
        "lapsed": domain.status is DomainStatus.LAPSED,
        "sent_from_it": sending_from(actor, domain),
    }


def sending_from(actor: Actor, domain: SenderDomain) -> list[Campaign]:
    """The partner's campaigns of which something is still to be sent from this domain."""
    sends = scoped(actor.organisation, Send).where(Send.sender_domain == domain.name, Send.status.in_(_OPEN))
    ids = sends.with_only_columns(Send.campaign_id)
    query = scoped(actor.organisation, Campaign).where(Campaign.id.in_(ids))
    return list(db.session.scalars(query.order_by(Campaign.id)))


def remove(actor: Actor) -> None:
    """Take the domain out. Raises Refused, naming the campaign, while something is to be sent from it."""
    busy = sending_from(actor, manage.named(actor))
    if busy:
        raise Refused(
            f"“{busy[0].name}” is still being sent from this domain. Let it finish or cancel it, then take the domain out."
        )
    manage.remove(actor)


def _row(record: Wanted, domain: SenderDomain) -> Row:
    found = domain.findings.get(record.key)
    if found is None:
        return Row(record, "wait", "circle-dashed", "Not looked up yet", "", False)
    tone, icon, said = _MARKS[found["state"]]
    return Row(record, tone, icon, said, found["text"], found["state"] in ("found", "look"))
