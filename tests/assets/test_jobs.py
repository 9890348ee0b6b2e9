"""What was deleted goes after 30 days, what nothing names after one, and older pictures get their sizes."""

import os
import shutil
from datetime import timedelta

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets import jobs, manage
from app.assets.models import Asset
from app.assets.store import DiskStore, store
from app.assets.upload import File, add_image
from app.clock import now
from app.db import db, scoped
from app.settings import current
from tests.assets.pictures import picture
from tests.rig.cast import Cast


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


@pytest.fixture(autouse=True)
def _empty(cast: Cast) -> None:
    shutil.rmtree(current().data_dir / "files", ignore_errors=True)


def age(**span: float) -> None:
    """Make every stored file so much older."""
    held = store()
    assert isinstance(held, DiskStore)
    moment = (now() - timedelta(**span)).timestamp()
    for path in held.root.rglob("*"):
        os.utime(path, (moment, moment))


def everything() -> list[str]:
    return [file.key for folder in ("assets/", "public/", "incoming/") for file in store().files(folder)]


def left(cast: Cast) -> list[Asset]:
    return list(db.session.scalars(scoped(cast.harbour, Asset).order_by(Asset.id)))


def test_a_deleted_file_goes_for_good_after_30_days_with_all_its_sizes(cast: Cast) -> None:
    gone, stays = (
        add_image(maya(cast), "gone.png", picture()),
        add_image(maya(cast), "stays.png", picture(color="#00aa00")),
    )
    manage.describe(maya(cast), gone, manage.Details("gone.png", tags="summer"))
    manage.delete(maya(cast), gone)
    gone.deleted_at = now() - timedelta(days=29)
    db.session.commit()
    age(days=40)
    assert (jobs.purge_deleted(), jobs.sweep_files()) == (0, 0), "it can still be put back"
    gone.deleted_at = now() - timedelta(days=31)
    db.session.commit()
    jobs.tend_library()
    assert left(cast) == [stays]
    assert everything()
    assert all(stays.sha256 in key or stays.pid in key for key in everything())


def test_a_replaced_file_that_nothing_shows_goes_too_and_takes_no_other_with_it(cast: Cast) -> None:
    first = add_image(maya(cast), "one.png", picture(color="#111111"))
    db.session.commit()
    second = manage.replace(maya(cast), first, File("two.png", picture(color="#222222"))).asset
    db.session.commit()
    third = manage.replace(maya(cast), second, File("three.png", picture(color="#333333"))).asset
    second.deleted_at = now() - timedelta(days=31)
    db.session.commit()
    assert jobs.purge_deleted() == 1
    assert {asset.id for asset in left(cast)} == {first.id, third.id}


def test_what_nothing_names_is_swept_after_a_day_and_nothing_else(cast: Cast) -> None:
    public, private = (
        add_image(maya(cast), "a.png", picture()),
        add_image(maya(cast), "b.png", picture(color="#00aa00"), public=False),
    )
    db.session.commit()
    named = everything()
    for key in (
        "incoming/x/y",
        f"assets/{cast.harbour.pid}/{'0' * 64}.png",
        f"public/{private.pid}/mail.png",
        "public/nobody/mail.png",
    ):
        store().put(key, b"left over", "image/png")
    store().put("kits/x/y.zip", b"another room's", "application/zip")
    age(hours=23)
    assert jobs.sweep_files() == 0
    age(hours=25)
    assert jobs.sweep_files() == 4
    assert everything() == named
    assert store().exists("kits/x/y.zip")
    assert public.is_public


def test_a_file_that_came_again_while_it_was_listed_is_left_alone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    store().put("assets/x/y.png", b"left over", "image/png")
    age(days=2)
    listed = list(store().files("assets/"))
    store().put("assets/x/y.png", b"again", "image/png")
    monkeypatch.setattr(DiskStore, "files", lambda _self, prefix: iter(listed if prefix == "assets/" else []))
    assert jobs.sweep_files() == 0
    assert store().get("assets/x/y.png") == b"again"


def test_pictures_from_before_sizes_were_made_get_theirs(cast: Cast) -> None:
    asset, lost = (
        add_image(maya(cast), "old.png", picture()),
        add_image(maya(cast), "lost.png", picture(color="#00aa00")),
    )
    asset.renderings = lost.renderings = None
    db.session.commit()
    store().delete(lost.key)
    for name in ("mail", "thumb", "320"):
        store().delete(f"public/{asset.pid}/{name}.png")
    assert (jobs.make_missing_sizes(), jobs.make_missing_sizes()) == (2, 0)
    db.session.refresh(asset)
    assert set(asset.renderings or {}) == {"320", "mail", "thumb"}
    assert store().exists(f"public/{asset.pid}/mail.png")
