"""Campaigns under review, for tests: Harbour IT's, from Northwind's kit that asks for a look."""

import re

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.campaigns import review
from app.campaigns.models import Campaign
from app.campaigns.review_content import fingerprint, snapshot
from app.campaigns.review_models import ReviewRound
from app.db import db
from app.kits.models import KitVersion
from tests.campaigns.made import FILLED, maya, ready
from tests.kits_web.box import files, published
from tests.rig.cast import Cast


def asking(cast: Cast, rule: str = "always", version: str = "1.0", toml: str = "") -> KitVersion:
    """Northwind's kit, which asks for a review by this rule; committed. `toml` is put at its end."""
    text = files()["kit.toml"].decode()
    changed = re.sub(r"(?m)^format = 1$", f'format = 1\nreview = "{rule}"', text, count=1) + toml
    return published(cast, version, changed={"kit.toml": changed.encode()})


def ingrid(cast: Cast) -> Actor:
    return Actor(cast.ingrid, cast.northwind, Role.MARKETER)


def vera(cast: Cast) -> Actor:
    return Actor(cast.vera, cast.northwind, Role.ADMIN)


def complete(cast: Cast, version: KitVersion | None = None, **slots: object) -> Campaign:
    """A campaign that only lacks its vendor's yes; committed."""
    return ready(cast, version or asking(cast), **slots)


def asked(cast: Cast, version: KitVersion | None = None, note: str = "", **slots: object) -> ReviewRound:
    """A campaign that waits for its reviewer; committed."""
    row = review.ask(maya(cast), complete(cast, version, **slots), note)
    db.session.commit()
    return row


def seen(campaign: Campaign) -> str:
    """What the reviewer's page shows, as its answer says."""
    return fingerprint(snapshot(campaign))


__all__ = ["FILLED", "asked", "asking", "complete", "ingrid", "maya", "seen", "vera"]
