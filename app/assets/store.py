"""Where files lie: a directory on disk by default, an S3 bucket when the settings name one.

Keys are ours (never a person's file name), and what is stored is there whole or not at all.
"""

import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import parse_qs, urlsplit

from flask import current_app

from app.assets.errors import FileGone, StoreFailed
from app.lazy import lazy
from app.settings import Settings, current

boto3, botocore_config, refusals = lazy("boto3"), lazy("botocore.config"), lazy("botocore.exceptions")

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_TROUBLE = "Files can’t be stored or read just now. Nothing was changed; try again in a minute."


class Store(Protocol):
    """What the rooms need of a store. Keys are paths of plain characters; a missing key raises FileGone."""

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


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for one that could leave the store: a fault in the code."""
    if not _KEY.fullmatch(key) or len(key) > 200:
        raise ValueError(f"not a key: {key!r}")
    return key


class DiskStore:
    """Files below one directory. A file is written beside its place, synced, and renamed into it."""

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

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)


class S3Store:
    """Files in a bucket of S3 or of a store that speaks its language; credentials as boto3 finds them."""

    def __init__(self, bucket: str, region: str | None = None, endpoint: str | None = None) -> None:
        self.bucket = bucket
        config = botocore_config.Config(
            connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"}
        )
        self.client: Any = boto3.client(
            "s3", region_name=region or "us-east-1", endpoint_url=endpoint, config=config
        )

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        """See Store; a stream goes up in parts, so that memory stays flat."""
        with _s3_errors():
            stream = io.BytesIO(data) if isinstance(data, bytes) else data
            self.client.upload_fileobj(
                _Unclosed(stream), self.bucket, check_key(key), ExtraArgs={"ContentType": content_type}
            )

    def get(self, key: str) -> bytes:
        """See Store."""
        with _s3_errors(), self.open(key) as file:
            return file.read()

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """See Store."""
        with _s3_errors():
            where = {"Bucket": self.bucket, "Key": check_key(key)}
            try:
                body = self.client.get_object(**where, **({"Range": f"bytes={start}-"} if start else {}))[
                    "Body"
                ]
            except refusals.ClientError as error:
                if _code(error) != "InvalidRange":
                    raise
                return io.BytesIO()  # at or past the end, where a file on disk reads empty too
            return io.BufferedReader(body, 256 * 1024)

    def delete(self, key: str) -> None:
        """See Store."""
        with _s3_errors():
            self.client.delete_object(Bucket=self.bucket, Key=check_key(key))

    def exists(self, key: str) -> bool:
        """See Store."""
        try:
            with _s3_errors():
                self.client.head_object(Bucket=self.bucket, Key=check_key(key))
        except FileGone:
            return False
        return True


class _Unclosed:
    """A stream that upload_fileobj may read but not close: it belongs to the caller."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read = stream.read


def open_store(settings: Settings) -> Store:
    """The store that the settings name: `disk`, or `s3://BUCKET?region=…&endpoint=…`."""
    if settings.asset_store == "disk":
        return DiskStore(settings.data_dir / "files")
    parts = urlsplit(settings.asset_store)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return S3Store(parts.netloc, options.get("region"), options.get("endpoint"))


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
    except FileNotFoundError:
        raise FileGone() from None
    except OSError as error:
        raise StoreFailed(_TROUBLE, errno=error.errno) from error


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _s3_errors() -> Iterator[None]:
    try:
        yield
    except refusals.ClientError as error:
        if _code(error) in ("NoSuchKey", "404", "NotFound"):
            raise FileGone() from None
        raise StoreFailed(_TROUBLE, code=_code(error)) from error
    except refusals.BotoCoreError as error:
        raise StoreFailed(_TROUBLE, code=type(error).__name__) from error
