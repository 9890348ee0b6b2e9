"""What is S3's own: errors in words, few and short tries, encryption, an address for the world, and the settings that say so."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from app.assets.errors import StoreFailed, StoreMisconfigured
from app.assets.s3 import S3Store
from app.assets.store import open_store
from app.parsing import bucket as parse
from app.parsing import bucket_origins
from app.settings import Settings
from app.web.security import app_policy, public_policy
from tests.rig.bucket import NAME, REGION, Bucket

Make = Callable[..., S3Store]


def _settings(where: str) -> Settings:
    return Settings(secret_key="s" * 32, suppression_key="p" * 32, environment="test", asset_store=where)


@pytest.fixture
def make(bucket: Bucket) -> Iterator[Make]:
    """A store of this bucket with other options."""
    held: list[S3Store] = []

    def made(name: str = NAME, **options: Any) -> S3Store:
        held.append(S3Store(name, **{"region": REGION, "endpoint": bucket.endpoint, **options}))
        return held[-1]

    yield made
    for each in held:
        each.client.close()


CALLS: dict[str, Callable[[S3Store], object]] = {
    "put": lambda store: store.put("a", b"x", "text/plain"),
    "get": lambda store: store.get("a"),
    "open": lambda store: store.open("a"),
    "files": lambda store: list(store.files("a/")),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_bucket_that_is_not_there_is_for_the_operator_to_mend(make: Make, call: str) -> None:
    with pytest.raises(StoreMisconfigured, match="Nothing was changed") as error:
        CALLS[call](make("nobody"))
    assert error.value.permanent


@pytest.mark.parametrize(
    ("status", "kind"), [(503, StoreFailed), (500, StoreFailed), (403, StoreMisconfigured)]
)
def test_a_bucket_that_says_no_is_asked_three_times_at_most(
    make: Make, bucket: Bucket, status: int, kind: type[StoreFailed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    bucket.strict.answers = [status] * 9
    with pytest.raises(StoreFailed) as error:
        make().put("a", b"x", "text/plain")
    assert type(error.value) is kind
    assert 9 - len(bucket.strict.answers) == (1 if status == 403 else 3)
    bucket.strict.answers.clear()
    assert bucket.listed() == []


def test_a_short_failure_is_not_noticed(make: Make, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    bucket.strict.answers = [503]
    make().put("a", b"x", "text/plain")
    assert bucket.listed() == ["a"]


def test_a_bucket_that_never_answers_is_given_up_in_time(bucket: Bucket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = S3Store(NAME, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", read_seconds=0.1)
        began = time.monotonic()
        with pytest.raises(StoreFailed, match="try again"):
            store.get("a")
        assert time.monotonic() - began < 15
        store.client.close()


def test_without_credentials_somebody_must_mend_the_settings(make: Make) -> None:
    store = make()
    store.client._request_signer._credentials = None
    with pytest.raises(StoreMisconfigured):
        store.get("a")


def test_files_are_encrypted_with_the_key_that_the_settings_name(make: Make, bucket: Bucket) -> None:
    store = make(encryption="aws:kms", kms_key="alias/files")
    store.put("a", b"x", "text/plain")
    facts = bucket.client.head_object(Bucket=NAME, Key="a")
    assert (facts["ServerSideEncryption"], facts["SSEKMSKeyId"]) == ("aws:kms", "alias/files")
    form = store.upload_form("incoming/a", "image/png", 10, 60)
    assert form
    assert form.fields["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/files"
    answer = requests.post(form.url, data=form.fields, files={"file": b"12345"}, timeout=10)
    assert answer.status_code == 201


def test_the_world_loads_public_keys_from_the_cdn_and_no_others(make: Make) -> None:
    store = make(public="https://cdn.example/files/")
    assert store.public_url("public/a/mail.png") == "https://cdn.example/files/public/a/mail.png"
    with pytest.raises(ValueError, match="not public"):
        store.public_url("assets/a.png")
    assert make().public_url("public/a/mail.png") is None


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://files/folder",
        "s3://files?regoin=x",
        "s3://files?region=a&region=b",
        "s3://files?encryption=DES",
        "s3://files?kms_key=x",
        "s3://files?encryption=AES256&kms_key=x",
        "s3://files?public=cdn.example",
        "s3://files?public=https://a.example;script-src *",
        "gs://files",
    ],
)
def test_settings_that_make_no_sense_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be|make sense|names an option"):
        parse(url)


def test_pages_may_load_and_send_just_where_the_files_are() -> None:
    url = parse("s3://files?region=eu-west-1&public=https://cdn.example/x&encryption=aws:kms&kms_key=alias/a")
    shown, sent = bucket_origins(url)
    assert shown == "https://cdn.example"
    assert "https://files.s3.eu-west-1.amazonaws.com" in sent
    policy = app_policy(_settings(url))
    assert "img-src 'self' data: http://127.0.0.1:8000 https://cdn.example;" in policy
    assert f"connect-src 'self' {sent};" in policy
    assert "img-src 'self' data: https://cdn.example;" in public_policy(_settings(url))
    assert bucket_origins("disk") == ("", "")
    assert "img-src 'self' data:;" in public_policy(_settings("disk"))


def test_the_policy_covers_where_uploads_of_this_bucket_go(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("s3://files?region=eu-west-1", "s3://files", "s3://my.files?region=eu-west-1"):
        store = open_store(_settings(url))
        form = store.upload_form("incoming/a", "image/png", 10, 60)
        assert form
        origin = "/".join(form.url.split("/")[:3])
        assert origin in bucket_origins(url)[1].split(), url
        store.client.close()  # type: ignore[attr-defined]
