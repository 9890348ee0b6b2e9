"""Files on disk and in S3 behave the same: whole or not there, read from anywhere, gone when deleted."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.assets.errors import FileGone, StoreFailed
from app.assets.store import DiskStore, S3Store, Store, open_store
from app.settings import Settings


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client: Any = boto3.client("s3", region_name="eu-west-1", endpoint_url=endpoint)
    client.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return f"s3://files?region=eu-west-1&endpoint={endpoint}"


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "disk":
        yield DiskStore(tmp_path)
        return
    made = open_store(_settings(request.getfixturevalue("bucket")))
    yield made
    assert isinstance(made, S3Store)
    for item in made.client.list_objects_v2(Bucket="files").get("Contents", []):
        made.delete(item["Key"])
    made.client.delete_bucket(Bucket="files")
    made.client.close()


def _settings(where: str) -> Settings:
    return Settings(secret_key="s" * 32, suppression_key="p" * 32, environment="test", asset_store=where)


def test_what_was_stored_is_read_back(store: Store) -> None:
    store.put("kits/a/b.zip", b"one", "application/zip")
    assert store.get("kits/a/b.zip") == b"one"
    assert store.exists("kits/a/b.zip")


def test_a_second_file_replaces_the_first(store: Store) -> None:
    store.put("a", b"a long first one", "text/plain")
    store.put("a", b"two", "text/plain")
    assert store.get("a") == b"two"


def test_a_stream_is_stored_to_its_end_and_stays_the_callers(store: Store) -> None:
    body = io.BytesIO(os.urandom(9 * 1024 * 1024))
    store.put("big", body, "application/octet-stream")
    assert store.get("big") == body.getvalue()
    assert not body.closed


def test_a_file_is_read_from_any_byte_on(store: Store) -> None:
    store.put("lines", b"first\nsecond\nthird\n", "text/csv")
    with store.open("lines", 6) as file:
        assert file.readline() == b"second\n"
        assert file.read() == b"third\n"
    with store.open("lines", 19) as file:
        assert file.read() == b""


def test_a_missing_file_is_told_and_deleting_it_is_no_error(store: Store) -> None:
    assert not store.exists("nothing")
    with pytest.raises(FileGone):
        store.get("nothing")
    store.delete("nothing")


def test_a_deleted_file_is_gone(store: Store) -> None:
    store.put("a", b"x", "text/plain")
    store.delete("a")
    assert not store.exists("a")


@pytest.mark.parametrize(
    "key", ["", "../etc/passwd", "/etc/passwd", "a/../b", "a//b", "a b", ".hidden", "a/.b", "x" * 201]
)
def test_a_key_that_could_leave_the_store_is_refused(store: Store, key: str) -> None:
    for call in (store.get, store.delete, store.exists, lambda k: store.put(k, b"", "text/plain")):
        with pytest.raises(ValueError, match="not a key"):
            call(key)


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.put("dir/a", b"whole", "text/plain")

    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreFailed, match="Nothing was changed"):
        store.put("dir/a", Broken(), "text/plain")
    assert store.get("dir/a") == b"whole"
    assert [path.name for path in (tmp_path / "dir").iterdir()] == ["a"]


def test_a_store_that_is_away_is_an_outside_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    store = open_store(_settings("s3://files?endpoint=http://127.0.0.1:9"))
    with pytest.raises(StoreFailed):
        store.get("a")
