"""Bad files are refused by name and reason, each by itself, and leave neither a row nor a file."""

import re
import shutil

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.models import Asset
from app.assets.store import store
from app.assets.upload import File, take
from app.db import db, scoped
from app.settings import current
from tests.assets.papers import locked, opens_with, pdf, plain_pdf
from tests.assets.pictures import bomb, picture, zipped
from tests.rig.cast import Cast

BAD = [
    ("page.jpg", b"<html><script>alert(1)</script>", "no picture"),
    ("page-and-picture.jpg", picture("JPEG") + b"<script>alert(1)</script>", "also a web page"),
    ("archive-and-picture.png", picture("PNG") + zipped(), "also an archive"),
    ("paper-and-picture.jpg", picture("JPEG") + plain_pdf(), "also a PDF"),
    ("picture.png", picture("JPEG"), "called .png but is a JPEG"),
    ("paper.jpg", plain_pdf(), "can’t be taken"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
    ("bomb.png", bomb(), "too many|broken"),
    ("half.jpg", picture("JPEG")[:-300], "broken"),
    ("nothing.png", b"", "empty"),
    ("nothing.pdf", b"", "empty"),
    ("huge.png", picture() + b"\0" * (10 * 1024 * 1024), "10 MB is the most"),
    ("script.pdf", pdf(opens_with({"/S": "/JavaScript", "/JS": "app.alert(1)"})), "script"),
    ("locked.pdf", pdf(locked), "locked"),
    ("program.exe", b"MZ" + b"\0" * 100, "no picture"),
]


@pytest.mark.parametrize(("name", "data", "said"), BAD, ids=[name for name, _, _ in BAD])
def test_a_bad_file_is_refused_by_name_and_leaves_neither_row_nor_file(
    cast: Cast, name: str, data: bytes, said: str
) -> None:
    shutil.rmtree(current().data_dir / "files", ignore_errors=True)
    fine = File("fine.png", picture(color="#00aa00"))
    first, second = take(Actor(cast.maya, cast.harbour, Role.ADMIN), [File(name, data), fine])
    db.session.commit()
    assert (first.name, first.asset) == (name, None)
    assert re.search(said, first.reason)
    assert second.asset, "the other file is in all the same"
    assert [asset.name for asset in db.session.scalars(scoped(cast.harbour, Asset))] == ["fine.png"]
    files = [file.key for folder in ("assets/", "public/", "incoming/") for file in store().files(folder)]
    assert files
    assert all(second.asset.sha256 in key or second.asset.pid in key for key in files)
