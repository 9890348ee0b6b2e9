"""The beat's part in funds: each fund's deadlines in a transaction of its own, so that one bad fund holds up no other."""

import structlog

from app.db import db
from app.mdf import expire

log = structlog.get_logger(__name__)


def expire_due() -> int:
    """Expire overdue requests and ended funds. Returns how many; commits after each fund. Safe to run at any time, twice too."""
    done = 0
    for fund_id in expire.due_funds():
        try:
            found = expire.expire(fund_id)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("funds.expiry_failed", fund=fund_id)
            continue
        if found:
            log.info("funds.expired", fund=fund_id, count=found)
        done += found
    return done
