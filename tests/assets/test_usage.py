"""Where a file is used is known before it goes: drafts take a successor, what was sent or planned keeps what it has."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets import jobs, manage, usage
from app.assets.models import Asset
from app.assets.queries import public_asset
from app.assets.store import store
from app.assets.upload import File, add_file, add_image
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.errors import NotFound, Refused
from app.kits.models import Kit, KitVersion
from app.mdf.models import Claim
from tests.access.examples import money_claim
from tests.assets.papers import plain_pdf
from tests.assets.pictures import picture
from tests.campaigns import made
from tests.rig import story
from tests.rig.cast import Cast

BOTH = pytest.mark.both_databases
SLOT = "picture"
LARGE = (1280, 720)


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def team(cast: Cast, color: str = "#15324b", size: tuple[int, int] = LARGE) -> Asset:
    asset = add_image(maya(cast), "team.jpg", picture("JPEG", size, color=color))
    db.session.commit()
    return asset


def shown_in(cast: Cast, asset: Asset) -> Campaign:
    return made.draft(cast, **{SLOT: {"asset": asset.pid, "alt": "Our team"}})


def test_a_file_that_nothing_shows_is_used_nowhere(cast: Cast) -> None:
    assert usage.used_by(team(cast)) == []


@BOTH
def test_a_draft_needs_its_pictures_and_takes_a_successor(cast: Cast) -> None:
    was = team(cast)
    campaign = shown_in(cast, was)
    (use,) = usage.used_by(was)
    assert (use.kind, use.name, use.blocks, use.keeps) == ("Campaign", campaign.name, True, False)
    assert use.url
    assert use.url.endswith(f"/campaigns/{campaign.pid}")
    assert usage.counts(cast.harbour, [was]) == {was.id: 1}
    with pytest.raises(Refused, match=f"is in use: Campaign “{campaign.name}”"):
        manage.delete(maya(cast), was)
    done = manage.replace(maya(cast), was, File("now.jpg", picture("JPEG", LARGE, color="#00aa00")))
    assert (done.moved, done.stays) == (1, [])
    value = db.session.get_one(Campaign, campaign.id).slot_values[SLOT]
    assert (value["asset"], value["alt"]) == (done.asset.pid, "Our team")


def test_a_successor_that_the_slot_doesn_t_allow_is_not_taken(cast: Cast) -> None:
    was = team(cast)
    campaign = shown_in(cast, was)
    done = manage.replace(maya(cast), was, File("tiny.png", picture(size=(40, 30))))
    assert done.moved == 0
    assert [use.name for use in done.stays] == [campaign.name]
    assert campaign.slot_values[SLOT]["asset"] == was.pid
    assert public_asset(was.pid).kept_at, "the draft shows it, so it stays"


@pytest.mark.parametrize("status", [CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.PAUSED])
def test_what_is_planned_or_on_its_way_keeps_its_picture_and_forbids_to_delete_it(
    cast: Cast, status: CampaignStatus
) -> None:
    was = team(cast)
    campaign = shown_in(cast, was)
    db.session.execute(update(Campaign).where(Campaign.id == campaign.id).values(status=status))
    db.session.commit()
    with pytest.raises(Refused, match="in use"):
        manage.delete(maya(cast), was)
    done = manage.replace(maya(cast), was, File("now.jpg", picture("JPEG", LARGE, color="#00aa00")))
    assert (done.moved, len(done.stays)) == (0, 1)
    assert db.session.get_one(Campaign, campaign.id).slot_values[SLOT]["asset"] == was.pid
    assert public_asset(was.pid).id == was.id


@BOTH
@pytest.mark.parametrize("where", ["mail", "page"])
def test_a_picture_in_a_mail_or_page_that_is_out_goes_on_being_shown_for_good(cast: Cast, where: str) -> None:
    asset = team(cast)
    told = story.campaign(cast.northwind, cast.harbour)
    shown = f'<img src="https://go.example/media/{asset.pid}.jpg">'
    if where == "mail":
        told.rendering.html = shown
    else:
        told.page.served = {"before": shown, "after": ""}
    db.session.commit()
    (use,) = usage.used_by(asset)
    assert (use.name, use.blocks, use.keeps) == ("Spring", False, True)
    manage.delete(maya(cast), asset)
    db.session.execute(update(Asset).values(deleted_at=now() - timedelta(days=31)))
    db.session.commit()
    assert jobs.purge_deleted() == 0
    assert public_asset(asset.pid).deleted_at
    assert store().exists(f"public/{asset.pid}/mail.jpg")


def test_a_campaign_that_came_to_nothing_holds_no_picture(cast: Cast) -> None:
    asset = team(cast)
    campaign = shown_in(cast, asset)
    db.session.execute(
        update(Campaign).where(Campaign.id == campaign.id).values(status=CampaignStatus.CANCELLED)
    )
    db.session.commit()
    manage.delete(maya(cast), asset)
    with pytest.raises(NotFound):
        public_asset(asset.pid)


def test_an_invoice_is_proof_and_stays(cast: Cast) -> None:
    money_claim(cast)
    claim = db.session.query(Claim).one()
    assert claim.invoice_asset_id
    asset = db.session.get_one(Asset, claim.invoice_asset_id)
    assert [(use.kind, use.name, use.blocks) for use in usage.used_by(asset)] == [
        ("Claim", claim.number, True)
    ]


@BOTH
def test_a_kit_with_the_same_bytes_is_named_and_has_its_own_copy(cast: Cast) -> None:
    vera = Actor(cast.vera, cast.northwind, Role.ADMIN)
    asset = add_file(vera, "sheet.pdf", plain_pdf())
    kit = Kit(vendor_id=cast.northwind.id, slug="spring", name="Spring")
    db.session.add(kit)
    db.session.flush()
    held = {"documents/sheet.pdf": {"sha256": asset.sha256, "key": "x", "type": asset.content_type}}
    facts = {"manifest": {}, "archive_key": "x", "sha256": "0" * 64, "media": held}
    db.session.add(KitVersion(kit_id=kit.id, vendor_id=kit.vendor_id, version="1.0", **facts))
    db.session.commit()
    (use,) = usage.used_by(asset)
    assert (use.kind, use.name, use.blocks, use.keeps) == ("Kit", "Spring 1.0", False, False)


def test_others_uses_are_nobodys_business(cast: Cast) -> None:
    asset = team(cast)
    same = add_image(Actor(cast.lieve, cast.leuvelink, Role.ADMIN), "team.jpg", picture("JPEG", LARGE))
    shown_in(cast, asset)
    assert usage.used_by(same) == []
