"""The worker's side of what crosses rooms: the check before sending, news of kits, and the beat that finds what nobody has taken."""

from flask import Flask

from app.db import db
from app.flows import engagement, precheck
from app.flows.kit_news import tell as tell_partners
from app.flows.kit_news import wake as wake_news
from app.flows.precheck_job import check_mail
from app.queue import JobName, ring
from app.settings import current

__all__ = ["check_mail", "tell_partners", "wake_checks", "wake_engagement", "wake_news"]


def wake_engagement(app: Flask) -> int:
    """Work out anew what is known of people of whom something became known; returns how many."""
    with app.app_context():
        return engagement.tend()


def wake_checks(app: Flask) -> int:
    """Ring for the checks that wait, from the database alone; returns how many."""
    with app.app_context():
        ids = precheck.to_ring()
        db.session.commit()
        if ids:
            ring(current(), [(JobName.CHECK_MAIL, (check_id,)) for check_id in ids])
        return len(ids)
