"""Files on disk and in S3 behave the same: whole or not there, read from anywhere, gone when deleted, lent by links that expire."""

import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.assets.errors import FileGone, StoreFailed
from app.assets.store import DiskStore, Store, open_store
from app.db import db
from app.settings import Settings, current
from tests.rig.bucket import Bucket

Fetch = Callable[[str], tuple[int, bytes, dict[str, str]]]


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "disk":
        yield DiskStore(tmp_path)
        return
    made = open_store(_settings(request.getfixturevalue("bucket").url()))
    yield made
    made.client.close()  # type: ignore[attr-defined]


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
    for look in (store.get, store.find, store.open):
        with pytest.raises(FileGone):
            look("nothing")
    store.delete("nothing")


def test_a_deleted_file_is_gone(store: Store) -> None:
    store.put("a", b"x", "text/plain")
    store.delete("a")
    assert not store.exists("a")


def test_size_and_age_are_known_without_reading(store: Store) -> None:
    store.put("a/b", b"12345", "text/plain")
    found = store.find("a/b")
    assert (found.key, found.size) == ("a/b", 5)
    assert abs(found.modified - clock.now()) < timedelta(minutes=1)


def test_the_files_of_a_folder_are_listed_and_no_others(store: Store) -> None:
    for key in ("a/2", "a/b/1", "ab/3", "c"):
        store.put(key, key.encode(), "text/plain")
    assert [file.key for file in store.files("a/")] == ["a/2", "a/b/1"]
    assert list(store.files("nobody/")) == []


@pytest.mark.parametrize(
    "key", ["", "../etc/passwd", "/etc/passwd", "a/../b", "a//b", "a b", ".hidden", "a/.b", "x" * 201]
)
def test_a_key_that_could_leave_the_store_is_refused(store: Store, key: str) -> None:
    calls: list[Callable[[str], object]] = [
        store.get,
        store.delete,
        store.exists,
        store.public_url,
        lambda k: store.put(k, b"", "text/plain"),
        lambda k: store.link(k, 60, "a", "text/plain"),
        lambda k: store.upload_form(k, "text/plain", 9, 60),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="not a key"):
            call(key)


def test_only_public_keys_have_an_address_for_the_world(store: Store) -> None:
    with pytest.raises(ValueError, match="not public"):
        store.public_url("assets/secret.pdf")


@pytest.fixture
def fetch(store: Store, app: Flask, client: FlaskClient) -> Iterator[Fetch]:
    """Get an address as a stranger: from the bucket over the network, from disk through our own server."""
    app.extensions["asset_store"] = store

    def get(url: str) -> tuple[int, bytes, dict[str, str]]:
        if url.startswith(current().public_url):
            ours = client.get(url)
            return ours.status_code, ours.data, dict(ours.headers)
        answer = requests.get(url, timeout=10)
        return (
            answer.status_code,
            answer.content,
            {name.title(): value for name, value in answer.headers.items()},
        )

    yield get
    del app.extensions["asset_store"]


def test_a_link_lends_one_file_as_a_download(store: Store, fetch: Fetch) -> None:
    store.put("assets/a.pdf", b"%PDF-", "application/pdf")
    status, body, headers = fetch(store.link("assets/a.pdf", 60, "Préis “list”.pdf", "application/pdf"))
    assert (status, body) == (200, b"%PDF-")
    assert headers["Content-Disposition"].startswith("attachment")
    assert "Pr%C3%A9is" in headers["Content-Disposition"]
    assert headers["Content-Type"] == "application/pdf"
    assert "no-store" in headers["Cache-Control"]


def test_a_link_for_one_file_opens_no_other(store: Store, fetch: Fetch) -> None:
    store.put("assets/aa.pdf", b"mine", "application/pdf")
    store.put("assets/ab.pdf", b"another", "application/pdf")
    link = store.link("assets/aa.pdf", 60, "a.pdf", "application/pdf")
    path, mark, query = link.partition("?")
    other = (
        path.replace("aa.pdf", "ab.pdf")
        if mark
        else f"{path[:60]}{'x' if path[60] != 'x' else 'y'}{path[61:]}"
    )
    assert fetch(link)[1] == b"mine"
    status, body, _ = fetch(other + mark + query)
    assert status in (403, 404)
    assert b"another" not in body


def test_a_link_expires(
    store: Store, fetch: Fetch, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("assets/a.pdf", b"x", "application/pdf")
    link = store.link("assets/a.pdf", 60, "a.pdf", "application/pdf")
    assert fetch(link)[0] == 200
    later = timedelta(seconds=61)
    if "s3" in request.node.name:
        bucket: Bucket = request.getfixturevalue("bucket")
        bucket.strict.later = later
    else:
        moment = clock.now() + later
        monkeypatch.setattr("app.assets.links.now", lambda: moment)
    assert fetch(link)[0] in (403, 404)


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


def test_a_forged_address_of_the_disk_opens_nothing(app: Flask, client: FlaskClient) -> None:
    store = DiskStore(current().data_dir / "files")
    store.put("secret", b"x", "text/plain")
    link = store.link("secret", 60, "a", "text/plain")
    assert client.get(link).status_code == 200
    assert client.get(f"{link[:-3]}AAA").status_code == 404
    assert client.get(f"{current().public_url}/media/stored/secret").status_code == 404
    db.session.rollback()
