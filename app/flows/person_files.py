"""Stored files that still hold a person's row: uploaded contact lists, their refused rows, and lists of noes that wait to be read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from app.assets.errors import FileGone
from app.assets.store import store
from app.audience import refused
from app.audience.models import ContactImport, ImportStatus, SuppressionUpload
from app.clock import now
from app.db import db, scoped
from app.errors import Refused
from app.flows.person_texts import pattern
from app.flows.person_ties import Subject

_RUNS = (ImportStatus.WAITING, ImportStatus.IMPORTING)
_MOST_LINES = 20  # shown of one file


@dataclass(frozen=True)
class Held:
    """A file that speaks of the person: the import it belongs to, and the lines."""

    imp: ContactImport
    lines: tuple[str, ...]


def files_with(subject: Subject) -> list[Held]:
    """The imports whose stored files hold the person, with the lines; files are deleted 30 days after an import anyway."""
    query = scoped(subject.partner, ContactImport).where(ContactImport.purged_at.is_(None))
    found = []
    for imp in db.session.scalars(query.order_by(ContactImport.id)):
        keys = [imp.key, *(f"{imp.refused_key}/{number}.csv" for number in range(imp.refused_parts))]
        lines = tuple(dict.fromkeys(line for key in keys for line in _lines(key, subject)))
        if lines:
            found.append(Held(imp, lines[:_MOST_LINES]))
    return found


def must_not_wait(subject: Subject, held: list[Held]) -> None:
    """Raises Refused where an import that still runs would bring the person back, or a list of noes is still being read."""
    for each in held:
        if each.imp.status in _RUNS:
            raise Refused(
                f"The import of “{each.imp.filename}” still runs and holds this person. Wait until it has ended, or stop it, then erase."
            )
    waits = scoped(subject.partner, SuppressionUpload).where(SuppressionUpload.key.is_not(None))
    if db.session.scalars(waits.limit(1)).first():
        raise Refused("A list of noes is still being read. Try again in a minute.")


def delete(held: list[Held]) -> int:
    """Delete these imports' files, whole: everything in them was taken over or refused. Returns how many imports."""
    for each in held:
        refused.delete(each.imp)
        each.imp.purged_at = now()
        if each.imp.status is ImportStatus.MAPPING:  # uploaded and never confirmed: it has no file any more
            each.imp.status, each.imp.finished_at = ImportStatus.CANCELLED, now()
    return len(held)


def _lines(key: str, subject: Subject) -> Iterator[str]:
    """The lines of a stored file that hold the address, the phone number, or the parts of the name beside each other in cells."""
    words = pattern(subject)
    names = [word.lower().split() for word in subject.words if " " in word and "@" not in word]
    try:
        with closing(store().open(key)) as stream:
            for raw in iter(lambda: stream.readline(1_000_000), b""):
                line = raw.decode("utf-8", "replace")
                low = line.lower()
                if words.search(line) or any(all(part in low for part in name) for name in names):
                    yield line.strip()
    except FileGone:
        return
