"""The beat's part in hearing what came back: stored mails, refusals, the folder, and what nothing belongs to.

Everything here may run twice or die at any point: evidence has a key, and a row that was heard is gone.
"""

from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy import delete

from app.clock import now
from app.db import db
from app.delivery.records import ReturnedMail
from app.delivery.returned.first_hop import hear_refusals
from app.delivery.returned.folder import read_folder
from app.delivery.returned.hear import settle_late
from app.delivery.returned.incoming import hear_incoming
from app.errors import Invalid
from app.settings import current

log = structlog.get_logger(__name__)

UNMATCHED_FOR = timedelta(days=90)  # for so long what belongs to no message is kept
_SETTLED = 3.0  # seconds in which nobody wrote to a file
_MOST = 200  # files in one go


def wake_returned(app: Flask) -> int:
    """Hear what the receiver has stored; returns how many mails."""
    return hear_incoming()


def wake_refusals(app: Flask) -> int:
    """Judge what was refused while it was sent, and settle what became uncertain after its evidence; returns how many."""
    return hear_refusals() + settle_late()


def wake_folder(app: Flask) -> int:
    """Read BOUNCE_FOLDER; returns how many files."""
    folder = current().bounce_folder
    if folder is None:
        return 0
    try:
        heard = read_folder(folder, most=_MOST, settled=_SETTLED, seconds=2.0)
    except (Invalid, OSError) as error:
        log.warning("returned.no_folder", error=type(error).__name__)
        return 0
    return heard.read + len(heard.refused)


def forget_unmatched(app: Flask) -> int:
    """Delete what could not be matched to a message in three months; returns how many."""
    old = (ReturnedMail.partner_id.is_(None), ReturnedMail.received_at < now() - UNMATCHED_FOR)
    result = db.session.execute(delete(ReturnedMail).where(*old))  # unscoped: belongs to nobody
    return int(result.rowcount)  # type: ignore[attr-defined]
