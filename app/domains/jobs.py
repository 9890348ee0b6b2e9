"""The worker's side of sender domains: one look at one domain, and the beat that finds those whose time has come."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from app.clock import now
from app.db import db
from app.domains import check
from app.domains.models import SenderDomain
from app.queue import JobName, ring
from app.settings import current

_AGAIN = timedelta(minutes=10)  # when a job that was rung for did not come to an end
_AT_ONCE = 50


def check_domain(domain_id: int) -> None:
    """Look a domain up (needs an application context)."""
    check.check(domain_id)


def wake_domains(app: Flask) -> int:
    """Ring for the domains that are due; returns how many. Commits what it notes."""
    with app.app_context():
        moment = now()
        query = select(SenderDomain.id).where(SenderDomain.next_check_at <= moment)  # unscoped: the beat
        ids = list(db.session.scalars(query.order_by(SenderDomain.next_check_at).limit(_AT_ONCE)))
        if not ids:
            return 0
        due = update(SenderDomain).where(SenderDomain.id.in_(ids))  # unscoped: the beat
        db.session.execute(due.values(next_check_at=moment + _AGAIN))
        db.session.commit()
        ring(current(), [(JobName.CHECK_DOMAIN, (domain_id,)) for domain_id in ids])
        return len(ids)
