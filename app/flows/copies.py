"""What the links in tests and in copies for the seed list lead to: the same places, with nothing counted on the way.

A landing page opens as a preview, since a visit to the real one would be counted and its form would make a lead.
"""

from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.models import Organisation
from app.assets.brand import default_brand
from app.audience import consent
from app.audience.models import Contact, SuppressionReason, SuppressionScope
from app.audience.suppress import suppress
from app.campaigns import preview, seeds
from app.campaigns.models import Campaign
from app.campaigns.prepare import as_partner, source
from app.campaigns.records import Seed
from app.campaigns.send_test import trial_of
from app.clock import now
from app.db import db
from app.delivery import seed_copies
from app.delivery.models import Send
from app.errors import NotFound
from app.render.context import Partner


@dataclass(frozen=True)
class Holder:
    """Who holds an unsubscribe link that is no contact's. `seed` is None for a test, and for an address that is gone."""

    is_test: bool
    seed: Seed | None
    partner: Organisation
    vendor: Organisation

    @property
    def looks(self) -> Partner:
        """The partner as its pages show it."""
        return as_partner(default_brand(self.partner), self.partner)


def trial_target(token: str, number: int) -> str:
    """Where link `number` of a test leads. Raises NotFound."""
    trial = trial_of(token)
    url = trial.links.get(str(number))
    if url is None:
        raise NotFound(kind="Link")
    return url or _page(db.session.get_one(Campaign, trial.campaign_id))  # unscoped: the token's own row


def copy_target(token: str, number: int) -> str:
    """Where link `number` of a copy leads. Raises NotFound."""
    copy = seed_copies.copy_of(token)
    link = seed_copies.link_of(copy, number)
    if link.kind != "landing":
        return link.url
    send = db.session.get_one(Send, copy.send_id)  # unscoped: the token's own row
    return _page(db.session.get_one(Campaign, send.campaign_id))  # unscoped: the token's own row


def _page(campaign: Campaign) -> str:
    pages = [piece for piece in preview.pieces(source(campaign).kit) if piece.kind == "page"]
    if not pages:
        raise NotFound(kind="PublishedPage")
    return preview.address(campaign, pages[0])


def trial_holder(token: str) -> Holder:
    """Whose test it was. Raises NotFound."""
    campaign = db.session.get_one(Campaign, trial_of(token).campaign_id)  # unscoped: the token's own row
    return Holder(True, None, _organisation(campaign.partner_id), _organisation(campaign.vendor_id))


def copy_holder(token: str) -> Holder:
    """Who gets the copies. Raises NotFound."""
    copy = seed_copies.copy_of(token)
    send = db.session.get_one(Send, copy.send_id)  # unscoped: the token's own row
    seed = db.session.get(Seed, copy.seed_id) if copy.seed_id else None  # unscoped: the token's own row
    return Holder(False, seed, _organisation(send.partner_id), _organisation(send.vendor_id))


def _organisation(organisation_id: int) -> Organisation:
    return db.session.get_one(Organisation, organisation_id)


def stop(holder: Holder) -> None:
    """No more copies; and who is a contact of the partner's under the same address is unsubscribed as one. A test changes nothing."""
    if holder.seed is None or holder.seed.stopped_at is not None:
        return
    key, address = holder.seed.address_hash, holder.seed.address
    stop_seed(holder.seed)
    mine = select(Contact.id).where(  # unscoped: by partner id
        Contact.partner_id == holder.partner.id, Contact.email == address
    )
    contacts = list(db.session.scalars(mine))
    if contacts:
        at, why = now(), SuppressionReason.UNSUBSCRIBE
        suppress(SuppressionScope.PARTNER, holder.partner.id, key, why, None, at)
        suppress(SuppressionScope.VENDOR, holder.vendor.id, key, why, None, at)
        consent.withdraw(holder.partner.id, contacts, at)


def stop_seed(seed: Seed) -> None:
    """An address wants no copies (any more): what has not left stays here."""
    seeds.say_no(seed)
    seed_copies.withdraw(seed)
