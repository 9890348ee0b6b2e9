"""A draft moves to a newer version of its kit: what fits stays, what doesn't is shown before and waits beside its field."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.campaigns import newer, unsaved, words
from app.campaigns.models import CampaignStatus
from app.campaigns.queries import campaign_for
from app.db import db
from app.kits.models import KitVersion, VersionStatus
from app.kits.pieces import Slot
from app.kits.queries import kit_source
from tests.campaigns.made import draft, maya
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def released(
    old: KitVersion, change: Callable[[tuple[Slot, ...]], tuple[Slot, ...]], number: str = "9.0"
) -> KitVersion:
    """A newer published version with other slots."""
    kit = kit_source(old)
    manifest = dataclasses.replace(kit, version=number, slots=change(kit.slots)).to_manifest()
    taken = {
        c.name: getattr(old, c.name)
        for c in KitVersion.__table__.columns
        if c.name not in ("id", "pid", "version", "manifest")
    }
    found = KitVersion(
        **{**taken, "version": number, "manifest": manifest, "change_summary": "Shorter headlines."}
    )
    found.status = VersionStatus.PUBLISHED
    db.session.add(found)
    old.status = VersionStatus.SUPERSEDED
    db.session.commit()
    return found


def shorter(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """The headline shorter, the phone number gone, a field more, other words of the kit in the subject."""
    kept = []
    for slot in slots:
        if slot.name == "headline":
            kept.append(dataclasses.replace(slot, max_length=10, default="Kit’s own"))
        elif slot.name == "subject":
            kept.append(dataclasses.replace(slot, default="A new subject"))
        elif slot.name != "phone":
            kept.append(slot)
    return (*kept, Slot("city", label="City", required=True))


@pytest.fixture
def moved(cast: Cast) -> Any:
    campaign = draft(cast, headline="This is far too long", phone="010 555", person="Jonas Bakker")
    old = db.session.get_one(KitVersion, campaign.kit_version_id)
    return campaign, released(old, shorter)


def test_what_changes_is_said_before(cast: Cast, moved: Any) -> None:
    campaign, version = moved
    found = newer.plan(cast.harbour, campaign)
    assert found.version.id == version.id
    assert found.kept == 1
    assert {line.label: line.note for line in found.dropped}.keys() == {"Headline", "Their phone number"}
    assert any("20 characters long" in line.note for line in found.dropped)
    assert [(line.label, line.note) for line in found.added] == [("City", "You fill it in.")]
    assert [line.becomes for line in found.kit_words] == ["A new subject"]
    assert campaign.slot_values["headline"] == "This is far too long", "nothing has changed yet"


def test_it_moves_on_the_page_and_what_was_too_long_waits(as_person: Browser, cast: Cast, moved: Any) -> None:
    campaign, version = moved
    browser = as_person(cast.maya)
    page = browser.get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True)
    assert "Version 9.0 of this kit is out" in page
    page = browser.get(f"/campaigns/{campaign.pid}/newer").get_data(as_text=True)
    assert "Shorter headlines." in page
    assert (
        as_person(cast.noor)
        .post(f"/campaigns/{campaign.pid}/newer", data={"version": version.pid})
        .status_code
        == 403
    )
    browser.post(f"/campaigns/{campaign.pid}/newer", data={"version": "A" * 22})
    assert campaign_for(cast.harbour, campaign.pid).kit_version_id != version.id, (
        "it wasn’t the one that was shown"
    )
    browser.post(f"/campaigns/{campaign.pid}/newer", data={"version": version.pid})
    found = campaign_for(cast.harbour, campaign.pid)
    assert found.kit_version_id == version.id
    assert found.slot_values == {"person": "Jonas Bakker"}
    page = browser.get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True)
    assert 'value="This is far too long"' in page
    assert "20 characters long" in page
    assert "No newer version" in browser.get(f"/campaigns/{campaign.pid}/newer").get_data(as_text=True)


def test_after_a_move_nothing_is_taken_back_into_fields_that_are_gone(cast: Cast, moved: Any) -> None:
    campaign, version = moved
    newer.move(maya(cast), campaign, version.pid)
    assert set(unsaved.of(maya(cast), campaign, kit_source(version))) == {"headline"}
    words.undo(maya(cast), campaign)
    assert set(campaign.slot_values) <= {"person"}


@pytest.mark.parametrize(
    "status", [CampaignStatus.IN_REVIEW, CampaignStatus.SCHEDULED, CampaignStatus.FINISHED]
)
def test_past_its_draft_it_stays_with_its_version(cast: Cast, moved: Any, status: CampaignStatus) -> None:
    campaign, _ = moved
    campaign.status = status
    assert newer.offered(cast.harbour, campaign) is None
