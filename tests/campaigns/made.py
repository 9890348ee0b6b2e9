"""Campaigns for tests: Harbour IT's, from Northwind's kit, as far along as a test wants it."""

from typing import Any

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.brand import BrandInput, save
from app.audience.lists import list_named
from app.campaigns import make, words
from app.campaigns.models import Campaign
from app.db import db
from app.kits.models import KitVersion
from tests.kits_web.box import published
from tests.rig.cast import Cast

FILLED: dict[str, Any] = {"until": "2026-12-24", "person": "Jonas Bakker", "phone": "010 555 01 48"}


def maya(cast: Cast) -> Actor:
    """Harbour IT's admin at work."""
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def draft(cast: Cast, version: KitVersion | None = None, **slots: Any) -> Campaign:
    """A draft with these words; committed."""
    campaign = make.create(maya(cast), version or published(cast))
    if slots:
        assert words.save(maya(cast), campaign, slots) == {}
    db.session.commit()
    return campaign


def ready(cast: Cast, version: KitVersion | None = None, **slots: Any) -> Campaign:
    """A draft that nothing keeps from being launched; committed."""
    brand = BrandInput(
        "#15324b",
        "#b9431a",
        postal_address="Wilhelminakade 88, 3072 AR Rotterdam",
        sender_name="Harbour IT",
        reply_to="hallo@harbour-it.example",
    )
    save(maya(cast), brand)
    campaign = draft(cast, version, **FILLED, **slots)
    campaign.list_id = list_named(cast.harbour, "Customers").id
    db.session.commit()
    return campaign
