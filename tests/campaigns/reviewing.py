"""Campaigns under review, for tests: Harbour IT's, from Northwind's kit that asks for a look."""

import re
from typing import Any

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.campaigns import review
from app.campaigns.models import Campaign
from app.campaigns.review_content import fingerprint, snapshot
from app.campaigns.review_models import ReviewRound
from app.clock import now
from app.db import db
from app.kits.models import VERSION, Kit, KitVersion, VersionStatus
from tests.campaigns.made import FILLED, maya, ready
from tests.kits_web.box import files, published
from tests.rig.cast import Cast

_CHECKED: dict[
    tuple[str, str, str], dict[str, Any]
] = {}  # what an import made of a kit, so that it is checked once


def asking(cast: Cast, rule: str = "always", version: str = "1.0", toml: str = "") -> KitVersion:
    """Northwind's kit, which asks for a review by this rule; committed. `toml` is put at its end."""
    key = (rule, version, toml)
    if key not in _CHECKED:
        text = files()["kit.toml"].decode()
        changed = re.sub(r"(?m)^format = 1$", f'format = 1\nreview = "{rule}"', text, count=1) + toml
        made = published(cast, version, changed={"kit.toml": changed.encode()})
        _CHECKED[key] = {name: getattr(made, name) for name in ("manifest", "media", "sha256", "archive_key")}
        return made
    kit = db.session.scalars(select(Kit).where(Kit.vendor_id == cast.northwind.id)).one_or_none()
    if kit is None:
        kit = Kit(
            vendor_id=cast.northwind.id, slug="secure-the-hybrid-office", name="Secure the Hybrid Office"
        )
        db.session.add(kit)
        db.session.flush()
    for older in db.session.scalars(select(KitVersion).where(KitVersion.kit_id == kit.id)):
        VERSION.move(older, VersionStatus.SUPERSEDED)
    made = KitVersion(
        kit_id=kit.id, vendor_id=cast.northwind.id, version=version, status=VersionStatus.PUBLISHED,
        published_by=cast.ingrid.id, published_at=now(), **_CHECKED[key],
    )  # fmt: skip
    db.session.add(made)
    db.session.commit()
    return made


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
