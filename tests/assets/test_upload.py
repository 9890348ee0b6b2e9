"""The library keeps the same bytes once per organisation, and documents only if they are what they are called."""

import io
import shutil
import threading
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask, current_app
from PIL import Image
from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Organisation, Person, Role
from app.assets import manage
from app.assets import upload as upload_module
from app.assets.errors import StoreFailed
from app.assets.models import Asset
from app.assets.store import store
from app.assets.upload import File, add_file, add_image, take
from app.db import db, scoped
from app.errors import Invalid
from app.settings import current
from tests.assets.papers import plain_pdf
from tests.assets.pictures import picture
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

PDF = plain_pdf()


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def kept(organisation: Any) -> list[Asset]:
    return list(db.session.scalars(scoped(organisation, Asset)))


def test_the_same_picture_is_kept_once_per_organisation(cast: Cast) -> None:
    first = add_image(maya(cast), "team.png", picture())
    second = add_image(maya(cast), "copy of team.png", picture())
    other = add_image(Actor(cast.lieve, cast.leuvelink, Role.ADMIN), "team.png", picture())
    db.session.commit()
    assert first.id == second.id != other.id
    assert len(kept(cast.harbour)) == len(kept(cast.leuvelink)) == 1
    assert first.name == "team.png"
    assert store().get(first.key).startswith(b"\x89PNG")


def test_a_private_picture_becomes_public_once_it_is_used_in_public(cast: Cast) -> None:
    asset = add_file(maya(cast), "invoice.png", picture(), {"image/png", "application/pdf"})
    assert not asset.is_public
    assert add_image(maya(cast), "invoice.png", picture()).id == asset.id
    assert asset.is_public


def test_folders_and_control_characters_are_no_part_of_a_name(cast: Cast) -> None:
    assert add_image(maya(cast), "C:\\Users\\maya\\te\nam\x00.png", picture()).name == "team.png"


def test_a_pdf_is_kept_as_it_is_and_private(cast: Cast) -> None:
    asset = add_file(maya(cast), "invoice.pdf", PDF)
    assert (asset.content_type, asset.is_public, store().get(asset.key)) == ("application/pdf", False, PDF)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("invoice.pdf", b"", "empty"),
        ("invoice.pdf", b"<html>", "is called .pdf but is none"),
        ("invoice.exe", PDF, "can’t be taken"),
        ("invoice.pdf", PDF[:-20], "cut off"),
        ("invoice.png", picture(), "can’t be taken"),
        ("invoice.pdf", b"%PDF-" + b"x" * (20 * 1024 * 1024), "20 MB is the most"),
    ],
)
def test_other_files_are_refused_and_nothing_is_kept(cast: Cast, name: str, data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        add_file(maya(cast), name, data)
    assert kept(cast.harbour) == []


def everything() -> list[str]:
    """The keys of all that lies in the library's part of the store."""
    return [file.key for folder in ("assets/", "public/", "incoming/") for file in store().files(folder)]


@pytest.fixture(autouse=True)
def _empty_store(app: Flask) -> None:
    shutil.rmtree(current().data_dir / "files", ignore_errors=True)


def test_a_public_picture_is_stored_at_every_size_that_makes_sense(cast: Cast) -> None:
    asset = add_image(maya(cast), "wide.jpg", picture("JPEG", (2400, 1200)))
    made = {name: (facts["width"], facts["height"]) for name, facts in (asset.renderings or {}).items()}
    assert made == {
        "320": (320, 160), "640": (640, 320), "mail": (1200, 600), "page": (1920, 960), "thumb": (240, 120),
    }  # fmt: skip
    assert (asset.width, asset.height) == (2400, 1200)
    for name, (width, height) in made.items():
        drawn = Image.open(io.BytesIO(store().get(f"public/{asset.pid}/{name}.jpg")))
        assert (drawn.format, drawn.size) == ("JPEG", (width, height))
        assert not drawn.getexif()
    small = add_image(maya(cast), "small.png", picture(size=(200, 100)))
    assert set(small.renderings or {}) == {"mail", "thumb"}, "nothing is made larger than it is"


def test_a_private_picture_has_no_file_that_the_world_may_load(cast: Cast) -> None:
    asset = add_image(maya(cast), "private.png", picture(), public=False)
    assert not [key for key in everything() if key.startswith("public/")]
    assert store().exists(asset.key)


def test_a_private_picture_gets_its_sizes_once_it_is_used_in_public(cast: Cast) -> None:
    asset = add_image(maya(cast), "team.png", picture(), public=False)
    add_image(maya(cast), "team.png", picture())
    assert asset.renderings
    assert store().exists(f"public/{asset.pid}/mail.png")


def _take_one(app: Flask, person_id: int, data: bytes, failed: list[BaseException]) -> None:
    with app.app_context():
        try:
            person = db.session.get_one(Person, person_id)
            organisation = db.session.scalars(
                select(Organisation).where(Organisation.slug == "harbour-it")
            ).one()
            (outcome,) = take(Actor(person, organisation, Role.ADMIN), [File("team.jpg", data)])
            assert outcome.asset, outcome.reason
            db.session.commit()
        except BaseException as error:
            failed.append(error)
        finally:
            db.session.remove()


def test_the_same_bytes_of_two_uploads_at_once_are_one_file(cast: Cast) -> None:
    """Both have stored before either wrote its row: the second takes the first's row, and no file is left over."""
    data = picture("JPEG", (800, 400))
    met = threading.Barrier(2)
    failed: list[BaseException] = []
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    people = cast.maya.id, cast.jonas.id
    db.session.commit()
    real_put = upload_module._put
    with patch.object(upload_module, "_put", lambda *args: (real_put(*args), met.wait(20))[0]):
        threads = [threading.Thread(target=_take_one, args=(app, each, data, failed)) for each in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(40)
    assert failed == []
    (asset,) = kept(cast.harbour)
    named = {asset.key, *(f"public/{asset.pid}/{name}.jpg" for name in asset.renderings or {})}
    assert set(everything()) == named


def test_a_store_that_is_away_is_said_for_each_file_and_leaves_no_row(cast: Cast, app: Flask) -> None:
    class Away:
        def put(self, *_: object) -> None:
            raise StoreFailed("Files can’t be stored or read just now.")

    with patch.dict(app.extensions, {"asset_store": Away()}):
        (outcome,) = take(maya(cast), [File("team.png", picture())])
        assert "can’t be stored" in outcome.reason
        with pytest.raises(StoreFailed):
            add_image(maya(cast), "team.png", picture())
    db.session.commit()
    assert kept(cast.harbour) == []


def test_a_deleted_file_that_comes_again_is_there_again(cast: Cast) -> None:
    (first,) = take(maya(cast), [File("team.png", picture())])
    assert first.asset
    manage.delete(maya(cast), first.asset)
    db.session.commit()
    (again,) = take(maya(cast), [File("again.png", picture())])
    assert again.asset
    assert (again.asset.id, again.asset.deleted_at, again.known) == (first.asset.id, None, False)
    db.session.commit()
    (third,) = take(maya(cast), [File("third.png", picture())])
    assert third.known
