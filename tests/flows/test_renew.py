"""A launched campaign whose kit has a newer version starts again from it, with every word that still fits."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.errors import Refused
from app.flows import renew, withdraw
from app.kits.models import KitVersion
from tests.delivery import ready
from tests.kits_web.box import files, ingrid, published
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def stopped(cast: Cast) -> Campaign:
    """A campaign that was being sent when its version was withdrawn."""
    campaign = ready.campaign(cast, ["anna"])
    campaign.status = CampaignStatus.SENDING
    db.session.commit()
    withdraw.withdraw(ingrid(cast), db.session.get_one(KitVersion, campaign.kit_version_id), "A wrong price.")
    db.session.commit()
    return campaign


def newer(cast: Cast) -> KitVersion:
    """A version that takes a shorter name of the person, and no date any more."""
    toml = files()["kit.toml"].decode()
    slots = toml.split("[[slots]]")
    slots = [s.replace("max_length = 60", "max_length = 5") if 'name = "person"' in s else s for s in slots]
    return published(cast, "1.1", changed={"kit.toml": "[[slots]]".join(slots).encode()})


def test_words_that_fit_are_kept_and_the_others_told(as_person: Browser, cast: Cast) -> None:
    campaign = stopped(cast)
    assert renew.offer(ready.maya(cast), campaign) is None
    browser = as_person(cast.maya)
    own = browser.get(f"/campaigns/{campaign.pid}").get_data(as_text=True)
    assert "A wrong price." in own
    assert "Go on sending" not in own
    assert "no newer version for you yet" in browser.get(f"/campaigns/{campaign.pid}/again").get_data(
        as_text=True
    )
    version = newer(cast)
    page = browser.get(f"/campaigns/{campaign.pid}/again").get_data(as_text=True)
    assert "does not fit any more" in page
    answer = browser.post(f"/campaigns/{campaign.pid}/again")
    made = db.session.scalars(select(Campaign).where(Campaign.kit_version_id == version.id)).one()
    assert answer.location.endswith(f"/campaigns/{made.pid}/words")
    assert made.status is CampaignStatus.DRAFT
    assert made.list_id is None, "people who had the mail would get another: whom, is chosen anew"
    assert "person" not in made.slot_values
    assert made.slot_values["until"] == "2027-06-12"
    old = db.session.get_one(Campaign, campaign.id)
    assert (old.status, old.slot_values["person"]) == (CampaignStatus.PAUSED, "Jonas Bakker"), (
        "stays on record"
    )


def test_a_draft_moves_itself_and_nothing_starts_again_from_nothing(as_person: Browser, cast: Cast) -> None:
    draft = ready.campaign(cast, ["anna"])
    with pytest.raises(Refused, match="no other version"):
        renew.renew(ready.maya(cast), draft)
    published(cast, "1.1")
    with pytest.raises(Refused, match="move to the newer version itself"):
        renew.renew(ready.maya(cast), draft)
    answer = as_person(cast.maya).get(f"/campaigns/{draft.pid}/again")
    assert answer.location.endswith(f"/campaigns/{draft.pid}/newer")
    assert as_person(cast.noor).post(f"/campaigns/{draft.pid}/again").status_code == 403
    assert as_person(cast.lieve).get(f"/campaigns/{draft.pid}/again").status_code == 404
