"""Everything a campaign's pieces are made from, in one place: preview, launch and landing pages all start here.

So what a partner sees in the editor is what is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.accounts.models import Organisation
from app.assets.brand import brand_by_id, default_brand
from app.assets.brand_fields import NETWORKS
from app.assets.brand_logo import logo_fields
from app.assets.models import BrandProfile
from app.campaigns.models import Campaign
from app.campaigns.subject_test import Subject
from app.campaigns.words import values
from app.db import db
from app.domains.sender import Sender, sender_for
from app.errors import NotFound
from app.kits.models import KitVersion
from app.kits.pieces import EmailPiece, KitSource
from app.kits.queries import kit_source, media_urls, version_by_id
from app.render.context import Partner, Vendor
from app.render.email import CompiledEmail, EmailSource, compile_email
from app.render.mime import MessageHeaders
from app.settings import current


@dataclass(frozen=True)
class Prepared:
    """A campaign ready to be rendered: the kit, typed slot values (Missing where a required one is empty), who sends, with whom.

    `assets` maps paths inside the kit to public addresses; `why` is the sentence that tells people why they get it.
    """

    kit: KitSource
    version: KitVersion
    slots: Mapping[str, Any]
    partner: Partner
    vendor: Vendor
    brand: BrandProfile | None
    language: str
    assets: Mapping[str, str]
    why: str
    sender: Sender | None = None  # None: the platform's address


def source(campaign: Campaign) -> Prepared:
    """What a campaign's pieces are made from, read fresh. Complete even for a draft: missing words are `Missing` values."""
    partner = _organisation(campaign.partner_id)
    version = version_by_id(campaign.kit_version_id)
    kit = kit_source(version)
    brand = brand_by_id(partner, campaign.brand_id) or default_brand(partner)
    return prepared(
        version,
        kit,
        values(campaign, kit),
        as_partner(brand, partner),
        as_vendor(_organisation(campaign.vendor_id)),
        brand,
        sender_for(partner, current()),
    )


def prepared(
    version: KitVersion,
    kit: KitSource,
    slots: Mapping[str, Any],
    partner: Partner,
    vendor: Vendor,
    brand: BrandProfile | None = None,
    sender: Sender | None = None,
) -> Prepared:
    """The same from its parts: kits are previewed with sample values and a sample partner."""
    language = kit.languages[0] if kit.languages else "en"
    assets = media_urls(version)
    return Prepared(kit, version, slots, partner, vendor, brand, language, assets, why(partner), sender)


def email(
    made: Prepared, piece: EmailPiece, subject: Subject | None = None, *, mark_missing: bool = False
) -> CompiledEmail:
    """One of the kit's emails, compiled; `subject` is a test's version of the subject line, else the kit's own."""
    line = (
        piece.subject if subject is None else subject.text if subject.is_template else literal(subject.text)
    )
    return compile_email(
        EmailSource(piece.source, line, piece.preheader, dict(made.assets)),
        dict(made.slots), made.partner, made.vendor, made.why, piece.language, mark_missing=mark_missing,
    )  # fmt: skip


def message_headers(made: Prepared) -> MessageHeaders:
    """What stands above every mail of a campaign: a test and a copy bear the same."""
    settings = current()
    return MessageHeaders(
        from_name=made.partner.sender_name or made.partner.name,
        from_address=made.sender.address if made.sender else settings.mail_from,
        public_url=settings.public_url,
        reply_to=made.partner.email,
    )


def literal(text: str) -> str:
    """A template that puts out exactly these words, whatever placeholders they look like."""
    return "".join("{{ '{' }}" if c == "{" else c for c in text)


def as_partner(brand: BrandProfile | None, organisation: Organisation) -> Partner:
    """The sending partner as templates see it; what the brand lacks is empty."""
    if brand is None:
        return Partner(name=organisation.name, legal_name=organisation.name, sender_name=organisation.name)
    pages: dict[str, Any] = {name: url for name, url in (brand.social or {}).items() if name in NETWORKS}
    return Partner(
        name=organisation.name,
        legal_name=brand.legal_name or organisation.name,
        postal_address=brand.postal_address,
        phone=brand.phone,
        website=brand.website,
        email=brand.reply_to,
        primary_color=brand.primary_color,
        call_color=brand.call_color,
        sender_name=brand.sender_name or organisation.name,
        **logo_fields(organisation, brand),
        **pages,
    )


def as_vendor(organisation: Organisation) -> Vendor:
    """The vendor as templates see it."""
    return Vendor(name=organisation.name, legal_name=organisation.name)


def why(partner: Partner) -> str:
    """The sentence in every mail that says why one gets it; the kit's footer says together with whom it is sent."""
    return f"You get this because you agreed to mails from {partner.name} or are its customer."


def _organisation(organisation_id: int) -> Organisation:
    found = db.session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound(kind="Organisation")
    return found
