"""Files that a browser sends straight to the bucket: a ticket says where to and what for, and what came is checked like any other file.

Until then the file lies under `incoming/` without a row; what is refused is deleted, what nobody comes back for is swept after a day.
"""

from dataclasses import dataclass
from pathlib import PurePath

from app.accounts.actor import Actor
from app.assets.errors import FileGone
from app.assets.places import INCOMING
from app.assets.store import UploadForm, store
from app.assets.upload import MAX_FILE_BYTES, File, Outcome, label, take
from app.db import db, new_pid
from app.errors import Invalid
from app.tokens import BadToken, make_timed, read_timed

SECONDS = 15 * 60
_PURPOSE = "upload ticket"
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True)
class Ticket:
    """Where a browser sends one file, and the token with which it comes back."""

    form: UploadForm
    token: str


def ticket(actor: Actor, name: str, size: int) -> Ticket | None:
    """Leave to send one file of that name and size straight to the store; None where the store takes none. Raises Invalid for a file that would be refused anyhow."""
    content_type = _TYPES.get(PurePath(name).suffix.lower())
    if content_type is None:
        raise Invalid("This file can’t be taken. Choose a PNG, JPEG, WebP, GIF or PDF.")
    if size < 1:
        raise Invalid("This file is empty. Choose another.")
    if size > MAX_FILE_BYTES:
        raise Invalid(f"This file has {size / 1024 / 1024:.1f} MB; 20 MB is the most.")
    key = f"{INCOMING}{actor.organisation.pid}/{new_pid()}"
    form = store().upload_form(key, content_type, size, SECONDS)
    if form is None:
        return None
    facts = {
        "key": key,
        "name": label(name),
        "organisation": actor.organisation.id,
        "person": actor.person.id,
    }
    return Ticket(form, make_timed(_PURPOSE, facts))


def arrived(actor: Actor, token: str) -> Outcome:
    """Check what came by a ticket and put it into the library. Raises BadToken for another person's ticket, Invalid where nothing came.

    Ends the transaction before it reads from the store.
    """
    facts = read_timed(_PURPOSE, token, max_age=2 * SECONDS)
    if (facts["organisation"], facts["person"]) != (actor.organisation.id, actor.person.id):
        raise BadToken()
    key = str(facts["key"])
    db.session.rollback()
    try:
        if store().find(key).size > MAX_FILE_BYTES:
            raise Invalid("This file is too large; 20 MB is the most.")
        data = store().get(key)
    except FileGone:
        raise Invalid("Nothing arrived. Send the file once more.") from None
    finally:
        store().delete(key)
    return take(actor, [File(str(facts["name"]), data)])[0]
