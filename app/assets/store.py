"""Where files lie: a directory on disk by default, an S3 bucket when the settings name one.

Keys are ours (never a person's file name), and what is stored is there whole or not at all. Keys under `public/` are what mails and
pages load: nothing else may be opened to the world.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import parse_qs, quote, urlsplit

from flask import current_app

from app.assets.errors import TROUBLE, FileGone, StoreFailed
from app.clock import now
from app.settings import Settings, current
from app.tokens import make_timed
from app.web.hosts import public_url_for

LINK_PURPOSE = "stored file"
PUBLIC = "public/"
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")


@dataclass(frozen=True)
class Stored:
    """A file in a store: its key, when it was written, its bytes."""

    key: str
    modified: datetime
    size: int


@dataclass(frozen=True)
class UploadForm:
    """Where a browser may send a file straight to, and the fields that go before it."""

    url: str
    fields: dict[str, str]


class Store(Protocol):
    """What the rooms need of a store. Keys are paths of plain characters; a missing key raises FileGone, a store that refuses or is away StoreFailed.

    `direct`: browsers may fetch from it and send to it by an address that we sign.
    """

    direct: bool

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        """Store bytes, or a stream read to its end, under `key`; durable on return, replacing what was there."""

    def get(self, key: str) -> bytes:
        """The whole file."""

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """A stream from byte `start` on, for files that should not be held in memory; the caller closes it."""

    def delete(self, key: str) -> None:
        """Remove the file; a missing one is no error."""

    def exists(self, key: str) -> bool:
        """Whether a file lies under `key`."""

    def find(self, key: str) -> Stored:
        """Size and age of one file, without reading it."""

    def files(self, prefix: str) -> Iterator[Stored]:
        """Every file whose key starts with `prefix`, which ends with a slash, in the order of keys."""

    def link(self, key: str, seconds: int, name: str, content_type: str) -> str:
        """An address that gives this one file, as a download called `name`, to whoever holds it, until it expires."""

    def public_url(self, key: str) -> str | None:
        """Where the world loads a key under `public/` without asking us (a CDN); None where we serve it ourselves."""

    def upload_form(self, key: str, content_type: str, most: int, seconds: int) -> UploadForm | None:
        """A form by which a browser may store one file of this type and at most `most` bytes under `key`; None where files come through us."""


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for one that could leave the store: a fault in the code."""
    if not _KEY.fullmatch(key) or len(key) > 200:
        raise ValueError(f"not a key: {key!r}")
    return key


def check_public(key: str) -> str:
    """The key itself. Raises ValueError for one that the world must not load."""
    if not check_key(key).startswith(PUBLIC):
        raise ValueError(f"not public: {key!r}")
    return key


def attachment(name: str) -> str:
    """The Content-Disposition of a download called `name` (RFC 6266): plain letters for old programs, all of it for the others."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class DiskStore:
    """Files below one directory. A file is written beside its place, synced, and renamed into it."""

    direct = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        """See Store; the content type is kept by the row that points here."""
        place = self._path(key)
        with _disk_errors():
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".new-", dir=place.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    for chunk in _chunks(data):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(place)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            _sync_directory(place.parent)

    def get(self, key: str) -> bytes:
        """See Store."""
        with self.open(key) as file:
            return file.read()

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """See Store."""
        with _disk_errors():
            file = self._path(key).open("rb")
            file.seek(start)
            return file

    def delete(self, key: str) -> None:
        """See Store."""
        with _disk_errors():
            self._path(key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """See Store."""
        return self._path(key).is_file()

    def find(self, key: str) -> Stored:
        """See Store."""
        with _disk_errors():
            facts = self._path(key).stat()
        return Stored(key, datetime.fromtimestamp(facts.st_mtime, UTC), facts.st_size)

    def files(self, prefix: str) -> Iterator[Stored]:
        """See Store."""
        folder = self._path(prefix.removesuffix("/"))
        for path in sorted(folder.rglob("*")):
            if not path.name.startswith(".") and path.is_file():
                try:
                    yield self.find(path.relative_to(self.root).as_posix())
                except FileGone:  # deleted meanwhile
                    continue

    def link(self, key: str, seconds: int, name: str, content_type: str) -> str:
        """See Store: signed by us and served by us, on the origin without cookies."""
        until = int(now().timestamp()) + seconds
        facts = {"key": check_key(key), "until": until, "name": name, "type": content_type}
        return public_url_for("media.stored", token=make_timed(LINK_PURPOSE, facts))

    def public_url(self, key: str) -> str | None:
        """See Store."""
        check_public(key)
        return None

    def upload_form(self, key: str, content_type: str, most: int, seconds: int) -> UploadForm | None:
        """See Store."""
        check_key(key)
        return None

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)


def open_store(settings: Settings) -> Store:
    """The store that the settings name: `disk`, or `s3://BUCKET?…` (see app.parsing.bucket)."""
    if settings.asset_store == "disk":
        return DiskStore(settings.data_dir / "files")
    from app.assets.s3 import S3Store  # S3's own module builds on this one

    parts = urlsplit(settings.asset_store)
    options: dict[str, Any] = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return S3Store(parts.netloc, **options)


def store() -> Store:
    """The running application's store."""
    made: Store | None = current_app.extensions.get("asset_store")
    if made is None:
        made = current_app.extensions["asset_store"] = open_store(current())
    return made


def _chunks(data: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    while chunk := data.read(256 * 1024):
        yield chunk


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise FileGone() from None
    except OSError as error:
        raise StoreFailed(TROUBLE, errno=error.errno) from error
