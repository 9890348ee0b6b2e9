"""A campaign of Harbour IT with the product's own kit, one button away from its launch."""

from collections.abc import Sequence

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets import brand
from app.assets.brand import BrandInput
from app.campaigns import make, subject_test, words
from app.campaigns.models import Campaign
from app.db import db
from tests.delivery import made
from tests.kits_web import box
from tests.rig.cast import Cast

WORDS = {"until": "2027-06-12", "person": "Jonas Bakker", "phone": "+31 10 555 01 20"}
SUBJECTS = ("Is home the weakest door?", "Thirty points, two hours, one list")


def maya(cast: Cast) -> Actor:
    """Harbour IT's admin at work."""
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def campaign(
    cast: Cast, locals_: Sequence[str], *, tracked: Sequence[str] = (), with_test: bool = False
) -> Campaign:
    """Words filled, brand complete, a list chosen; committed."""
    version = box.published(cast)
    brand.save(
        maya(cast),
        BrandInput(
            "#15324b",
            "#b9431a",
            "Harbour IT B.V.",
            "Kade 1, 3011 AA Rotterdam",
            "+31 10 555 01 20",
            "https://harbour-it.example",
            "Harbour IT",
            "hello@harbour-it.example",
        ),
    )
    mine = make.create(maya(cast), version, "Secure the Hybrid Office – spring")
    assert words.save(maya(cast), mine, WORDS) == {}
    mine.list_id = made.people(cast, locals_, tracked=tracked).id
    if with_test:
        subject_test.plan_own(maya(cast), mine, "invitation", SUBJECTS)
    db.session.commit()
    return mine
