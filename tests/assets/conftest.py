"""What the library's tests share."""

from collections.abc import Iterator

import pytest

from tests.rig import bucket as rig


@pytest.fixture(scope="session")
def _bucket() -> Iterator[rig.Bucket]:
    with rig.bucket() as running:
        yield running


@pytest.fixture
def bucket(_bucket: rig.Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[rig.Bucket]:
    """An empty bucket of a real server, with the credentials as boto3 finds them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rig.SECRET)
    _bucket.empty()
    yield _bucket
    _bucket.empty()
