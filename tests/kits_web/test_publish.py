"""A kit's way to partners: a draft with findings, one published version at a time, recalled with a reason."""

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.store import store
from app.db import db, scoped
from app.errors import Conflict, Invalid, Refused
from app.kits import publish
from app.kits.archive import KitError
from app.kits.models import Kit, KitVersion, VersionStatus
from app.kits.queries import kit_source, open_kits, open_versions, version_for
from app.programs.models import PartnershipStatus
from tests.assets.pictures import picture
from tests.kits_web.box import ingrid, published, zipped
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def versions(cast: Cast) -> list[KitVersion]:
    return list(db.session.scalars(scoped(cast.northwind, KitVersion).order_by(KitVersion.id)))


def test_a_kit_is_kept_as_a_draft_with_its_zip_and_its_pictures(cast: Cast) -> None:
    data = zipped()
    version = publish.import_version(ingrid(cast), data)
    assert version.status is VersionStatus.DRAFT
    assert store().get(version.archive_key) == data
    assert publish.errors(version) == []
    source = kit_source(version)
    assert source.email("invitation")
    hero = version.media["assets/hero.png"]
    assert store().get(hero["key"]).startswith(b"\x89PNG")
    assert (hero["type"], hero["width"], hero["height"]) == ("image/png", 64, 36)
    assert not [path for path in version.media if path.endswith((".html", ".mjml", ".toml", ".md"))]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip at all", "no zip that can be read"),
        (zipped({"kit.toml": b"name = "}), "kit.toml:1"),
        (zipped({"assets/hero.png": b"<svg onload='x'/>"}), "assets/hero.png"),
        (zipped({"documents/list.pdf": b"<html>"}), "documents/list.pdf"),
        (zipped({"assets/hero.png": picture("JPEG")}), "assets/hero.png"),
    ],
)
def test_an_unreadable_kit_is_refused_with_its_file_and_nothing_is_kept(
    cast: Cast, data: bytes, said: str
) -> None:
    with pytest.raises(KitError) as error:
        publish.import_version(ingrid(cast), data)
    assert said in error.value.message
    assert error.value.mend or error.value.plain
    assert not versions(cast)
    assert not list(db.session.scalars(scoped(cast.northwind, Kit)))


def test_a_draft_of_the_same_version_is_replaced(cast: Cast) -> None:
    first = publish.import_version(ingrid(cast), zipped())
    second = publish.import_version(ingrid(cast), zipped(summary='"Another summary"'))
    assert (first.id, first.pid) == (second.id, second.pid)
    assert second.summary == "Another summary"
    assert len(versions(cast)) == 1


def test_a_published_version_never_changes(cast: Cast) -> None:
    version = published(cast)
    with pytest.raises(Conflict, match="higher version"):
        publish.import_version(ingrid(cast), zipped(summary='"Another summary"'))
    assert version.summary != "Another summary"


def test_a_version_with_errors_can_t_be_published(cast: Cast) -> None:
    version = publish.import_version(
        ingrid(cast), zipped({"emails/invitation.mjml": b"<mjml><mj-body></mj-body></mjml>"})
    )
    assert publish.errors(version)
    with pytest.raises(Refused, match="mend what the check found"):
        publish.publish(ingrid(cast), version, "New.")
    assert version.status is VersionStatus.DRAFT


def test_one_version_is_published_at_a_time(cast: Cast) -> None:
    old, new = published(cast), published(cast, "1.1")
    assert (old.status, new.status) == (VersionStatus.SUPERSEDED, VersionStatus.PUBLISHED)
    assert [version.id for _, version, _ in open_versions(cast.harbour)] == [new.id]
    assert new.published_by == cast.ingrid.id


def test_a_recalled_version_is_open_to_nobody_and_says_why(cast: Cast) -> None:
    version = published(cast)
    with pytest.raises(Invalid, match="not recalled"):
        publish.recall(ingrid(cast), version, "  ")
    publish.recall(ingrid(cast), version, "The claim was withdrawn")
    assert (version.status, version.recall_reason, version.recalled_by) == (
        VersionStatus.RECALLED,
        "The claim was withdrawn",
        cast.ingrid.id,
    )
    assert open_kits(cast.harbour) == []
    with pytest.raises(Conflict):
        publish.publish(ingrid(cast), version, "New.")


def test_drafts_and_other_vendors_kits_are_not_open(cast: Cast) -> None:
    publish.import_version(ingrid(cast), zipped())
    simon = Actor(cast.simon, cast.southgate, Role.ADMIN)
    theirs = publish.import_version(simon, zipped())
    publish.publish(simon, theirs, "New.")
    assert open_kits(cast.harbour) == [], "Harbour IT doesn’t work with Southgate, and Northwind’s is a draft"
    assert [item.vendor.id for item in open_kits(cast.leuvelink)] == [cast.southgate.id]


def test_an_ended_partnership_closes_the_kits(cast: Cast) -> None:
    version = published(cast)
    assert version_for(cast.harbour, version.pid).id == version.id
    cast.northwind_harbour.status = PartnershipStatus.ENDED
    db.session.commit()
    assert open_kits(cast.harbour) == []
    assert len(open_kits(cast.leuvelink)) == 1


@pytest.mark.parametrize(
    ("toml", "harbour", "leuvelink"),
    [('["Gold"]', 1, 0), ('["gold", "silver"]', 1, 1), ("[]", 1, 1), ('["platinum"]', 0, 0)],
)
def test_a_kit_for_tiers_is_open_to_those_alone(cast: Cast, toml: str, harbour: int, leuvelink: int) -> None:
    published(cast, tiers=toml)
    assert (len(open_kits(cast.harbour)), len(open_kits(cast.leuvelink))) == (harbour, leuvelink)


@pytest.mark.parametrize(
    ("dates", "count"),
    [
        ("valid_until = 2020-01-01", 0),
        ("valid_from = 2090-01-01", 0),
        ("valid_from = 2020-01-01\nvalid_until = 2090-01-01", 1),
    ],
)
def test_a_kit_is_open_within_its_dates(cast: Cast, dates: str, count: int) -> None:
    published(cast, goal=f'"Booked checks"\n{dates}')
    assert len(open_kits(cast.harbour)) == count
