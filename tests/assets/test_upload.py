"""The library keeps the same bytes once per organisation, and documents only if they are what they are called."""

from typing import Any

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.models import Asset
from app.assets.store import store
from app.assets.upload import add_file, add_image
from app.db import db, scoped
from app.errors import Invalid
from tests.assets.pictures import picture
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


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
        ("invoice.pdf", b"<html>", "can’t be taken. Choose a PDF."),
        ("invoice.exe", PDF, "can’t be taken"),
        ("invoice.pdf", PDF.replace(b"%%EOF", b""), "cut off"),
        ("invoice.png", picture(), "can’t be taken"),
        ("invoice.pdf", b"%PDF-" + b"x" * (20 * 1024 * 1024), "20 MB is the most"),
    ],
)
def test_other_files_are_refused_and_nothing_is_kept(cast: Cast, name: str, data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        add_file(maya(cast), name, data)
    assert kept(cast.harbour) == []
