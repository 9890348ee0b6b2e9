"""Files that go straight to the bucket: the bucket refuses what the ticket doesn't allow, and what came is checked like any other file."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.assets.models import Asset
from app.assets.queries import media_url
from app.assets.store import open_store
from app.db import db, scoped
from app.settings import Settings
from tests.assets.papers import plain_pdf
from tests.assets.pictures import picture, zipped
from tests.rig.bucket import Bucket
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


@pytest.fixture(autouse=True)
def _in_the_bucket(app: Flask, bucket: Bucket) -> Iterator[None]:
    url = bucket.url(encryption="AES256")
    made = open_store(
        Settings(secret_key="s" * 32, suppression_key="p" * 32, environment="test", asset_store=url)
    )
    app.extensions["asset_store"] = made
    yield
    del app.extensions["asset_store"]
    made.client.close()  # type: ignore[attr-defined]


def kept(cast: Cast) -> list[Asset]:
    return list(db.session.scalars(scoped(cast.harbour, Asset).order_by(Asset.id)))


def ticket(browser: FlaskClient, name: str, data: bytes) -> TestResponse:
    return browser.post("/library/uploads", data={"name": name, "size": str(len(data)), "type": "x/y"})


def send(found: Any, data: bytes, **changed: str) -> int:
    fields = {**found["fields"], **changed}
    return requests.post(
        found["url"], data=fields, files={"file": ("x", io.BytesIO(data))}, timeout=10
    ).status_code


def bring(browser: FlaskClient, name: str, data: bytes) -> TestResponse:
    found = ticket(browser, name, data).json
    assert send(found, data) == 201
    return browser.post(found["done"], data={"token": found["token"]}, headers={"Accept": "application/json"})


def test_a_file_goes_past_us_and_is_in_the_library(as_person: Browser, cast: Cast, bucket: Bucket) -> None:
    browser = as_person(cast.maya)
    answer = bring(browser, "team.jpg", picture("JPEG", (800, 600)))
    assert (answer.status_code, answer.json["message"]) == (200, "team.jpg is in the library.")
    (asset,) = kept(cast)
    assert not [key for key in bucket.listed() if key.startswith("incoming/")]
    named = {asset.key, *(f"public/{asset.pid}/{name}.jpg" for name in asset.renderings or {})}
    assert set(bucket.listed()) == named
    for key in named:
        facts = bucket.client.head_object(Bucket="files", Key=key)
        assert facts["ServerSideEncryption"] == "AES256"
        assert facts["ContentType"] == "image/jpeg"
        assert facts.get("CacheControl") == (
            "public, max-age=31536000, immutable" if key.startswith("public/") else None
        )


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("team.jpg", picture("JPEG") + zipped(), "also an archive"),
        ("team.jpg", picture("PNG"), "called .jpg but is a PNG"),
        ("team.png", b"<script>alert(1)</script>", "no picture"),
        ("prices.pdf", picture("PNG"), "called .pdf but is none"),
    ],
)
def test_what_came_is_looked_at_and_a_bad_file_leaves_nothing(
    as_person: Browser, cast: Cast, bucket: Bucket, name: str, data: bytes, said: str
) -> None:
    answer = bring(as_person(cast.maya), name, data)
    assert answer.status_code == 422
    assert said in answer.json["message"]
    assert (kept(cast), bucket.listed()) == ([], [])


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("a.exe", "10", "can’t be taken"),
        ("a.png", "0", "empty"),
        ("a.png", "20971521", "20 MB"),
        ("a.png", "x", "Choose"),
    ],
)
def test_no_ticket_for_what_would_be_refused_anyhow(
    as_person: Browser, cast: Cast, name: str, size: str, said: str
) -> None:
    asked = {"name": name, "size": size}
    answer = as_person(cast.maya).post("/library/uploads", data=asked, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert said in answer.json["error"]["message"]


def test_the_bucket_holds_the_browser_to_its_ticket(as_person: Browser, cast: Cast, bucket: Bucket) -> None:
    data = picture()
    found = ticket(as_person(cast.maya), "team.png", data).json
    assert send(found, data + b"more") == 400, "larger than was said"
    assert send(found, b"") == 400, "empty"
    assert send(found, data, key="assets/another.png") == 403
    assert send(found, data, **{"Content-Type": "text/html"}) == 403
    assert send(found, data, **{"x-amz-server-side-encryption": "none"}) == 403
    assert send(found, data, acl="public-read") == 403, "a field that the policy doesn't name"
    assert send(found, data, **{"x-amz-signature": "0" * 64}) == 403
    bucket.strict.later = timedelta(minutes=16)
    assert send(found, data) == 403, "too late"
    assert bucket.listed() == []


def test_a_ticket_is_one_persons_and_needs_its_file(as_person: Browser, cast: Cast) -> None:
    data = picture()
    found = ticket(as_person(cast.maya), "team.png", data).json
    assert send(found, data) == 201
    done = {"data": {"token": found["token"]}, "headers": {"Accept": "application/json"}}
    for other in (cast.lieve, cast.jonas, cast.vera):
        assert as_person(other).post(found["done"], **done).status_code == 404
    assert as_person(cast.noor).post(found["done"], **done).status_code == 403
    assert as_person(cast.maya).post(found["done"], **done).status_code == 200
    again = as_person(cast.maya).post(found["done"], **done)
    assert again.status_code == 422
    assert "Nothing arrived" in again.json["error"]["message"]
    assert as_person(cast.maya).post(found["done"], data={"token": "forged"}).status_code == 404


def test_a_download_is_lent_by_the_bucket(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    bring(browser, "prices.pdf", plain_pdf())
    (asset,) = kept(cast)
    answer = browser.get(f"/library/{asset.pid}/file")
    assert answer.status_code == 302
    assert "X-Amz-Expires=60" in answer.location
    got = requests.get(answer.location, timeout=10)
    assert got.content == plain_pdf()
    assert got.headers["Content-Disposition"].startswith('attachment; filename="prices.pdf"')
    assert as_person(cast.lieve).get(f"/library/{asset.pid}/file").status_code == 404


def test_pictures_are_served_from_the_bucket_through_us_where_there_is_no_cdn(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    bring(as_person(cast.maya), "team.png", picture())
    (asset,) = kept(cast)
    answer = client.get(media_url(asset))
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert client.get(media_url(asset), headers={"Range": "bytes=1-3"}).data == b"PNG"


def test_a_bucket_that_fails_is_said_and_leaves_no_row(
    as_person: Browser, cast: Cast, bucket: Bucket
) -> None:
    browser = as_person(cast.maya)
    bucket.strict.answers = [503] * 20
    files = {"file": (io.BytesIO(picture()), "team.png")}
    answer = browser.post("/library", data=files, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "can’t be stored or read just now" in answer.get_data(as_text=True)
    assert 20 - len(bucket.strict.answers) == 3, "three tries and no more"
    bucket.strict.answers = []
    assert kept(cast) == []
