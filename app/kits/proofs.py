"""Proofs of a kit: every piece rendered for a made-up partner and contact, as files to open in a browser or a mail program."""

import datetime as dt

from app.kits.pieces import EmailPiece, KitSource, PagePiece
from app.kits.samples import CONTACT, PARTNER, VENDOR, WHY, sample_slots
from app.render.email import CompiledEmail, EmailSource, compile_email, preview_html, preview_text
from app.render.mime import MessageHeaders, Recipient, Tokens, build
from app.render.page import PageSource, brand_css, compile_page
from app.render.post import render_words

_PUBLIC = "https://go.harbour-it.example"


def render_proofs(kit: KitSource) -> dict[str, bytes]:
    """File names and bytes: html, txt and eml for each email, html for each page, text for posts, and the assets they use."""
    files = {name: data for name, data in kit.files.items() if name.startswith("assets/")}
    assets = {name: name for name in files}
    for email in kit.emails:
        files |= _email(kit, email, assets)
    for page in kit.pages:
        files |= _page(kit, page, assets)
    words = [(f"social-{p.name}.md", p.source) for p in kit.posts]
    words += [("playbook.md", kit.playbook.source)] if kit.playbook else []
    for name, source in words:
        files[name] = render_words(
            source, sample_slots(kit, pictures=False), PARTNER, VENDOR, f"{_PUBLIC}/p/check"
        ).encode()
    return files


def _email(kit: KitSource, email: EmailPiece, assets: dict[str, str]) -> dict[str, bytes]:
    source = EmailSource(email.source, email.subject, email.preheader, assets)
    compiled = compile_email(source, sample_slots(kit, pictures=False), PARTNER, VENDOR, WHY, email.language)
    return {
        f"email-{email.name}.html": preview_html(compiled, CONTACT).encode(),
        f"email-{email.name}.txt": preview_text(compiled, CONTACT).encode(),
        f"email-{email.name}.eml": _message(compiled),
    }


def _message(compiled: CompiledEmail) -> bytes:
    head = MessageHeaders(PARTNER.sender_name, "news@harbour-it.example", _PUBLIC, PARTNER.email)
    date = dt.datetime(2026, 5, 19, 9, 30, tzinfo=dt.UTC)
    recipient = Recipient(CONTACT["email"], Tokens("c", "u", "proof", "d", "o"), CONTACT, date)
    return build(compiled, head).splice(recipient, "qp")


def _page(kit: KitSource, page: PagePiece, assets: dict[str, str]) -> dict[str, bytes]:
    source = PageSource(page.source, page.title, page.description, assets, page.language)
    compiled = compile_page(source, sample_slots(kit, pictures=False), PARTNER, VENDOR, page.form)
    sheets = ("landing.css", "brand.css")
    sent = {f.name: CONTACT.get(f.name, "Sanne Willems") for f in page.form.fields}
    return {
        f"page-{page.name}.html": compiled.render("#", stylesheets=sheets, privacy_url="#privacy").encode(),
        f"page-{page.name}-thanks.html": compiled.thanks(
            sent, stylesheets=sheets, privacy_url="#privacy"
        ).encode(),
        "brand.css": brand_css(PARTNER).encode(),
    }
