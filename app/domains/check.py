"""Looking a sender domain up in the DNS, and what follows: it is verified, gets a grace, or is not used any more.

The network is asked while no transaction is open; what was found is applied to the row as it then is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import audit
from app.clock import now
from app.db import db
from app.domains import keys, tell
from app.domains.explain import Finding, State, explain
from app.domains.lookup import Lookups
from app.domains.models import DOMAIN, USABLE, DkimKey, DomainStatus, SenderDomain
from app.domains.wanted import asked
from app.settings import current

log = structlog.get_logger(__name__)

GRACE = timedelta(days=3)  # a verified domain whose key went missing is used for so long
_BLIND = timedelta(days=1)  # when nobody could be asked for so long, it counts as missing
_OFTEN = timedelta(minutes=10)
_EAGER = timedelta(days=3)  # for so long after it was named a domain is looked up often
_SLOWER = timedelta(days=30)
TAKEN = "Another organisation here uses this domain. It must take it out on its own page first, or take its records out of the DNS."

_S = DomainStatus
Findings = Mapping[str, Finding]


def check(domain_id: int) -> SenderDomain | None:
    """Look it up and note what was found; None where it is gone meanwhile. Ends the session's transaction first."""
    domain = db.session.get(SenderDomain, domain_id)  # unscoped: the caller's own domain, or a job's
    if domain is None:
        return None
    settings, (used, waiting) = current(), keys.of(domain)
    wanted = asked(domain, used, waiting, settings)
    about = (used and used.id, waiting and waiting.id)
    db.session.rollback()
    found = explain(wanted, Lookups(settings))
    query = select(SenderDomain).where(SenderDomain.id == domain_id)  # unscoped: as above
    again = db.session.scalars(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if again is None:
        return None
    used, waiting = keys.of(again)
    if about == (
        used and used.id,
        waiting and waiting.id,
    ):  # else other keys were asked for than there are now
        _apply(again, used, waiting, found)
    return again


def _apply(domain: SenderDomain, used: DkimKey | None, waiting: DkimKey | None, found: Findings) -> None:
    moment = now()
    domain.checked_at = moment
    domain.findings = {key: finding.plain() for key, finding in found.items()}
    domain.has_return_path = all(found[key].holds for key in ("return", "spf") if key in found) and (
        "return" in found
    )
    new = found.get("dkim-new")
    if waiting is not None and new is not None and new.holds:
        _change_keys(domain, used, waiting)
        used, waiting = waiting, None
    elif keys.is_locked(domain, used) and domain.status in USABLE:
        _lapse(domain)
    signature = new if new is not None and new.holds else found["dkim"]
    if signature.holds:
        domain.seen_at = moment
    if domain.status in USABLE:
        _hold(domain, signature, moment)
    elif (
        all(finding.holds for key, finding in found.items() if key in ("owner", "dmarc")) and signature.holds
    ):
        _verify(domain, used, waiting, moment)
    domain.next_check_at = moment + _pause(domain, found, moment)


def _change_keys(domain: SenderDomain, used: DkimKey | None, waiting: DkimKey) -> None:
    """The new key's record was seen: it signs from now on, and its finding is that of the key in use."""
    keys.take_into_use(used, waiting)
    findings = dict(domain.findings)
    findings["dkim"] = findings.pop("dkim-new")
    domain.findings = findings
    audit.record(None, "sender_domain.key_changed", domain)


def _verify(domain: SenderDomain, used: DkimKey | None, waiting: DkimKey | None, moment: datetime) -> None:
    """All records stand: take it into use, unless another organisation holds the same domain."""
    if keys.is_locked(domain, used or waiting):
        return
    try:
        with db.session.begin_nested():
            domain.held_name = domain.name
            db.session.flush()
    except IntegrityError:
        db.session.refresh(domain)
        domain.checked_at = moment
        domain.findings = {**domain.findings, "owner": Finding(State.WRONG, TAKEN).plain()}
        return
    DOMAIN.move(domain, _S.VERIFIED)
    domain.verified_at, domain.failing_since = moment, None
    if used is None and waiting is not None:
        keys.take_into_use(None, waiting)
    audit.record(None, "sender_domain.verified", domain)
    tell.verified(domain)


def _hold(domain: SenderDomain, signature: Finding, moment: datetime) -> None:
    """A domain in use: its key must stay in the DNS."""
    if signature.holds:
        if domain.status is _S.FAILING:
            DOMAIN.move(domain, _S.VERIFIED)
            domain.failing_since = None
            audit.record(None, "sender_domain.mended", domain)
        return
    is_blind = signature.state is State.UNKNOWN
    if domain.status is _S.VERIFIED and not (
        is_blind and domain.seen_at and moment - domain.seen_at < _BLIND
    ):
        DOMAIN.move(domain, _S.FAILING)
        domain.failing_since = moment
        audit.record(None, "sender_domain.failing", domain)
        tell.failing(domain, signature.text, moment + GRACE)
    elif domain.failing_since is not None and moment - domain.failing_since >= GRACE:
        _lapse(domain)


def _lapse(domain: SenderDomain) -> None:
    """Launches take the platform's domain from now on; the name is free for whoever can prove it."""
    if domain.status is _S.VERIFIED:
        DOMAIN.move(domain, _S.FAILING)
    DOMAIN.move(domain, _S.LAPSED)
    domain.held_name = domain.failing_since = None
    domain.has_return_path = False
    audit.record(None, "sender_domain.lapsed", domain)
    tell.lapsed(domain)


def _pause(domain: SenderDomain, found: Findings, moment: datetime) -> timedelta:
    """Until it is looked up again."""
    if domain.status is _S.VERIFIED:
        is_blind = found["dkim"].state is State.UNKNOWN
        waits = "dkim-new" in domain.findings
        return timedelta(hours=1) if is_blind or waits else timedelta(days=1)
    if domain.status is _S.FAILING:
        return timedelta(hours=1)
    age = moment - domain.created_at
    return _OFTEN if age < _EAGER else timedelta(hours=1) if age < _SLOWER else timedelta(days=1)
