"""From the spool into the database, each line exactly once.

How far a file is read stands in the database and moves in the transaction that writes its events; a file goes only when its process
has let go of it and all of it is in. So a kill at any moment neither loses nor doubles a line.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from app.clock import now
from app.db import db
from app.errors import Conflict
from app.tracking import spool
from app.tracking.models import SpoolPosition
from app.tracking.rejudge import Meeting
from app.tracking.settle import settle

BATCH = 200  # lines a transaction: about 20 ms on SQLite, whose one writer others wait for


@dataclass
class Drained:
    """What one transaction moved. `lines` 0: the file has nothing more for now. `damaged`: the lines that couldn't be read."""

    lines: int = 0
    stored: int = 0
    unknown: int = 0
    damaged: int = 0
    meetings: list[Meeting] = field(default_factory=list)


def batch(path: Path, limit: int = BATCH) -> Drained:
    """Move the next lines of a file, in the caller's transaction. Raises Conflict where another process moved them meanwhile."""
    offset = _position(path)
    found = spool.lines(path, offset, limit)
    if not found:
        return Drained()
    _move(path, offset, found[-1].end)
    noted = [line.noted for line in found if line.noted]
    settled = settle(noted)
    damaged = len(found) - len(noted)
    return Drained(len(found), settled.stored, settled.unknown, damaged, settled.meetings)


def skip(path: Path) -> bytes:
    """Pass over the next line, in the caller's transaction, and return it: it is one that the database refuses."""
    offset = _position(path)
    [line] = spool.lines(path, offset, 1)
    _move(path, offset, line.end)
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(line.end - offset)


def _position(path: Path) -> int:
    mine = SpoolPosition.file == path.name
    return db.session.scalar(select(SpoolPosition.offset).where(mine)) or 0


def _move(path: Path, old: int, new: int) -> None:
    if old == 0:
        db.session.execute(insert(SpoolPosition).values(file=path.name, offset=new, moved_at=now()))
        return
    mine = (SpoolPosition.file == path.name, SpoolPosition.offset == old)
    moved = db.session.execute(update(SpoolPosition).where(*mine).values(offset=new, moved_at=now()))
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise Conflict("Another process drains this file.")


def remove(path: Path) -> bool:
    """Take a file away that is wholly in the database and that nobody writes to any more; whether it went.

    What a process left half written at its death is no line: it was never answered. Call it outside a transaction that moved lines.
    """
    if not spool.is_abandoned(path) or spool.lines(path, _position(path), 1):
        return False
    path.unlink()  # first the file: without its position it would be read again from the start
    db.session.execute(delete(SpoolPosition).where(SpoolPosition.file == path.name))
    return True


@contextmanager
def alone(home: Path) -> Iterator[bool]:
    """Whether this process is the one that drains this machine's spool; only one is at a time."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "drain.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
