"""Publishing a campaign's landing pages: compiled once at launch, frozen as people will see them."""

from dataclasses import replace

from sqlalchemy import select

from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared
from app.db import db
from app.landing.models import PublishedPage
from app.landing.served import draw
from app.render.page import CompiledPage, PageSource, brand_css, compile_page


def publish(campaign: Campaign, made: Prepared) -> list[PublishedPage]:
    """The campaign's pages, one for each landing piece of the kit; safe to run twice. Raises RenderError for missing words."""
    known = {page.name: page for page in pages_of(campaign)}
    return [known.get(piece.name) or _publish(campaign, made, piece.name) for piece in made.kit.pages]


def _publish(campaign: Campaign, made: Prepared, name: str) -> PublishedPage:
    compiled = compiled_piece(made, name)
    if campaign.shares_leads:
        compiled = _saying_who_else_reads(compiled)
    page = PublishedPage(
        partner_id=campaign.partner_id,
        vendor_id=campaign.vendor_id,
        campaign_id=campaign.id,
        name=name,
        content={
            "compiled": compiled.to_plain(),
            "title": compiled.title,
            "consents": {c.name: c.text for c in compiled.form.consents},
            "controller": made.partner.legal_name or made.partner.name,
        },
        stylesheet=brand_css(made.partner),
    )
    db.session.add(page)
    db.session.flush()
    page.served = draw(page, compiled)
    return page


def _saying_who_else_reads(page: CompiledPage) -> CompiledPage:
    """People are told before they send the form that the vendor will see it, whatever the kit says."""
    told = f"{page.partner.name} shares your request with {page.vendor.name}, which helps to pay for this."
    return replace(page, form=replace(page.form, note=f"{page.form.note} {told}".strip()))


def compiled_piece(made: Prepared, name: str, *, mark_missing: bool = False) -> CompiledPage:
    """One landing piece of the kit, filled and safe; also what previews show."""
    piece = next(p for p in made.kit.pages if p.name == name)
    source = PageSource(piece.source, piece.title, piece.description, dict(made.assets), piece.language)
    return compile_page(source, made.slots, made.partner, made.vendor, piece.form, mark_missing=mark_missing)


def compiled(page: PublishedPage) -> CompiledPage:
    """A published page, ready to be served."""
    return CompiledPage.from_plain(page.content["compiled"])


def pages_of(campaign: Campaign) -> list[PublishedPage]:
    """The pages a campaign has published, in the kit's order of publishing."""
    return list(
        db.session.scalars(
            select(PublishedPage).where(PublishedPage.campaign_id == campaign.id).order_by(PublishedPage.id)
        )  # unscoped: by the caller's scoped campaign
    )
