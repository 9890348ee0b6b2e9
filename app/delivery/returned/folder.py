"""A folder of returned mails, one a file: a maildir's `new` and `cur`, or files as they lie there.

What was heard goes to `done`, what can't be read to `refused` with the reason beside it. A file that is read twice does nothing twice.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from app.clock import now
from app.db import db
from app.delivery.bounces import classify
from app.delivery.bounces.read import LONGEST, read
from app.delivery.records import Came, Source
from app.delivery.returned.evidence import key_of, of_verdict
from app.delivery.returned.find import delivery_in
from app.delivery.returned.hear import about, hear
from app.errors import Invalid
from app.settings import current

log = structlog.get_logger(__name__)

MOST_BYTES = 25 * 1024 * 1024


@dataclass
class Heard:
    """What a look into a folder brought: files by what they say, names of those that belong to no message, and refused ones."""

    read: int = 0
    again: int = 0
    kinds: Counter[Came] = field(default_factory=Counter)
    unmatched: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The counts as they are printed."""
        kinds = {str(kind): number for kind, number in sorted(self.kinds.items())}
        return {
            "read": self.read,
            "again": self.again,
            **kinds,
            "unmatched": self.unmatched,
            "refused": self.refused,
        }


def read_folder(
    folder: Path, most: int | None = None, settled: float = 0.0, seconds: float = 3600.0
) -> Heard:
    """Hear every file that nobody has written to for `settled` seconds, each in a transaction of its own. Raises Invalid for no folder."""
    if not folder.is_dir():
        raise Invalid(f"{folder} is no folder.")
    heard, until = Heard(), time.monotonic() + seconds
    for path in _files(folder, settled)[:most]:
        if time.monotonic() > until:
            break
        reason = _why_not(path)
        if not reason:
            try:
                raw = path.read_bytes()
            except OSError as error:
                reason = f"It can’t be read: {error.strerror}."
        if reason:
            _refuse(folder, path, reason)
            heard.refused[path.name] = reason
            continue
        _hear(path.name, raw, heard)
        _move(path, folder / "done")
    return heard


def _files(folder: Path, settled: float) -> list[Path]:
    homes = [folder, *(folder / part for part in ("new", "cur") if (folder / part).is_dir())]
    found = [
        path
        for home in homes
        for path in home.iterdir()
        if not path.name.startswith(".") and (path.is_symlink() or not path.is_dir())
    ]
    before = time.time() - settled
    return sorted(path for path in found if not settled or path.lstat().st_mtime <= before)


def _why_not(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return "It is no plain file."
    size = path.stat().st_size
    if size == 0:
        return "It is empty."
    if size > MOST_BYTES:
        return f"It is larger than {MOST_BYTES // (1024 * 1024)} MB."
    return ""


def _hear(name: str, raw: bytes, heard: Heard) -> None:
    found = delivery_in(raw, current().mail_from)
    message = about(found) if found is not None else None
    head = raw[:LONGEST]
    key = key_of(message.delivery_id if message else None, read(head).header("message-id"), head)
    evidence = of_verdict(classify(head), Source.FOLDER, now(), key, message.email if message else "")
    heard.read += 1
    heard.kinds[evidence.kind] += 1
    if message is None:
        heard.unmatched.append(name)
    if message is None and evidence.kind is Came.NONE:
        return  # some mail that is none of ours: counted, and nothing to keep of it
    if not hear(evidence, message):
        heard.again += 1
    db.session.commit()


def _refuse(folder: Path, path: Path, reason: str) -> None:
    moved = _move(path, folder / "refused")
    note = {"file": path.name, "reason": reason}
    moved.with_name(moved.name + ".reason").write_text(json.dumps(note, ensure_ascii=False) + "\n")
    log.warning("returned.file_refused", reason=reason)


def _move(path: Path, into: Path) -> Path:
    into.mkdir(mode=0o700, exist_ok=True)
    target, number = into / path.name, 1
    while target.exists() or target.is_symlink():
        number += 1
        target = into / f"{path.name}.{number}"
    return path.rename(target)
