"""A picture of any shape becomes one that the slot takes; one of the library is chosen without uploading it again."""

import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.assets.models import Asset
from app.assets.upload import add_image
from app.campaigns.pictures import cut, fitting
from app.campaigns.queries import campaign_for
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid
from app.kits.pieces import Slot, SlotType
from tests.assets.pictures import picture
from tests.campaigns.made import draft, maya
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
WIDE = Slot("x", SlotType.IMAGE, min_width=160, ratio="16:9")


@pytest.mark.parametrize(
    ("size", "becomes"),
    [((320, 320), (320, 180)), ((400, 180), (320, 180)), ((320, 180), (320, 180)), ((150, 150), (150, 150))],
)
def test_the_middle_is_cut_out_where_enough_is_left(size: tuple[int, int], becomes: tuple[int, int]) -> None:
    name, data = cut(WIDE, "team.png", picture(size=size))
    assert Image.open(io.BytesIO(data)).size == becomes
    assert ("cut to 16×9" in name) is (size != becomes)


def test_without_a_shape_it_stays_as_it_came() -> None:
    data = picture(size=(50, 90))
    assert cut(Slot("x", SlotType.IMAGE), "a.png", data) == ("a.png", data)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(Invalid):
        cut(WIDE, "a.png", b"<svg/>")


def test_a_square_one_is_cut_and_one_of_the_library_is_picked(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    address = f"/campaigns/{campaign.pid}/words"
    browser = as_person(cast.maya)
    form = {
        "slot-picture.file": (io.BytesIO(picture("JPEG", (1300, 1300))), "team.jpg"),
        "slot-picture.alt": "Four engineers",
    }
    browser.post(address, data={**form, "slot-picture.asset": ""}, content_type="multipart/form-data")
    stored = campaign_for(cast.harbour, campaign.pid).slot_values["picture"]
    assert (stored["width"], stored["height"]) == (1300, 731)
    assert stored["name"] == "team (cut to 16×9).jpg"
    other = add_image(maya(cast), "quay.jpg", picture("JPEG", (1280, 720), color="#00ff00"))
    other.alt = "The quay"
    small = add_image(maya(cast), "small.jpg", picture("JPEG", (320, 180), color="#0000ff"))
    db.session.commit()
    page = browser.get(address).get_data(as_text=True)
    assert re.search(rf'<option value="{other.pid}">quay.jpg', page)
    assert small.pid not in page
    picked = {"slot-picture.alt": "", "slot-picture.asset": stored["asset"], "slot-picture.pick": other.pid}
    browser.post(address, data=picked)
    stored = campaign_for(cast.harbour, campaign.pid).slot_values["picture"]
    assert (stored["asset"], stored["alt"]) == (other.pid, "The quay")


def test_a_deleted_picture_is_not_taken(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    gone = add_image(maya(cast), "gone.jpg", picture("JPEG", (1280, 720)))
    gone.deleted_at = now()
    db.session.commit()
    assert fitting(cast.harbour, WIDE) == []
    data = {"slot-picture.alt": "A quay", "slot-picture.asset": gone.pid}
    page = as_person(cast.maya).post(f"/campaigns/{campaign.pid}/words", data=data).get_data(as_text=True)
    assert "isn’t in your library" in page
    assert len(list(db.session.scalars(scoped(cast.harbour, Asset)))) == 1
