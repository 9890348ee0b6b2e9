"""Proofs of a kit: every piece rendered for a partner and a contact, as files to open in a browser or a mail program."""

import datetime as dt
import re
from html import escape
from pathlib import Path

from app.kits import prose
from app.kits.archive import KitError
from app.kits.brand_file import BrandFile
from app.kits.pieces import EmailPiece, KitSource, PagePiece, Post
from app.kits.samples import CONTACT, PARTNER, WHY, sample_slots
from app.kits.slots import check_values, filled
from app.lazy import lazy
from app.render.email import CompiledEmail, EmailSource, compile_email, preview_html, preview_text
from app.render.mime import MessageHeaders, Recipient, Tokens, build
from app.render.page import PageSource, brand_css, compile_page
from app.render.post import render_words

text_part = lazy("app.render.text_part")
_PUBLIC = "https://go.harbour-it.example"
_LANDING = f"{_PUBLIC}/p/check"
_SHEET = Path(__file__).resolve().parents[2] / "static" / "landing.css"
_SHEETS = ("landing.css", "brand.css")


def render_proofs(kit: KitSource, brand: BrandFile | None = None) -> dict[str, bytes]:
    """Names and bytes of files: html and txt of each email, page, post and of the playbook, each email as eml, and what they use.

    `brand` dresses them, else a made-up partner does. Raises RenderError for a piece that can't be rendered and KitError
    for slots in the brand's file that the kit doesn't have or that are over their limits.
    """
    proofs = _Proofs(kit, brand or BrandFile())
    files = dict(proofs.files)
    for email in kit.emails:
        files |= proofs.email(email)
    for page in kit.pages:
        files |= proofs.page(page)
    if kit.pages:
        files |= {"landing.css": _SHEET.read_bytes(), "brand.css": brand_css(proofs.brand.partner).encode()}
    for post in kit.posts:
        files |= proofs.post(post)
    if kit.playbook:
        words = proofs.words(kit.playbook.source)
        files |= {"playbook.md": words.encode()} | _document(
            "playbook", "Playbook", str(prose.to_html(words)), words
        )
    return files


class _Proofs:
    """One kit in one brand."""

    def __init__(self, kit: KitSource, brand: BrandFile) -> None:
        self.kit = kit
        self.brand = brand
        kept = ("assets/", "documents/")
        self.files = {name: data for name, data in kit.files.items() if name.startswith(kept)} | dict(
            brand.files
        )
        self.assets = {name: name for name in self.files if name.startswith("assets/")}
        given, errors = check_values(kit, brand.slots)
        for slot, trouble in errors.items():
            raise KitError(
                f"slots.{slot[:40]}: {trouble}", mend="Change it in the brand’s file.", rule="brand"
            )
        own = filled(kit, given)
        self.slots = {
            name: own[name] if given.get(name) is not None else value
            for name, value in sample_slots(kit, pictures=False).items()
        }

    def words(self, source: str) -> str:
        """A post or playbook with everything filled in."""
        return render_words(source, self.slots, self.brand.partner, self.brand.vendor, _LANDING)

    def email(self, email: EmailPiece) -> dict[str, bytes]:
        source = EmailSource(email.source, email.subject, email.preheader, self.assets)
        partner, vendor = self.brand.partner, self.brand.vendor
        why = WHY.replace(PARTNER.name, partner.name)
        compiled = compile_email(source, self.slots, partner, vendor, why, email.language)
        return {
            f"email-{email.name}.html": preview_html(compiled, CONTACT).encode(),
            f"email-{email.name}.txt": preview_text(compiled, CONTACT).encode(),
            f"email-{email.name}.eml": self._message(compiled),
        }

    def _message(self, compiled: CompiledEmail) -> bytes:
        head = MessageHeaders(
            self.brand.partner.sender_name, "news@harbour-it.example", _PUBLIC, "hello@harbour-it.example"
        )
        date = dt.datetime(2026, 5, 19, 9, 30, tzinfo=dt.UTC)
        recipient = Recipient(CONTACT["email"], Tokens("c", "u", "proof", "d", "o"), CONTACT, date)
        return build(compiled, head).splice(recipient, "qp")

    def page(self, page: PagePiece) -> dict[str, bytes]:
        source = PageSource(page.source, page.title, page.description, self.assets, page.language)
        compiled = compile_page(source, self.slots, self.brand.partner, self.brand.vendor, page.form)
        sent = {f.name: CONTACT.get(f.name, "Sanne Willems") for f in page.form.fields}
        html = compiled.render("#", stylesheets=_SHEETS, privacy_url="#privacy")
        thanks = compiled.thanks(sent, stylesheets=_SHEETS, privacy_url="#privacy")
        return _both(f"page-{page.name}", html) | _both(f"page-{page.name}-thanks", thanks)

    def post(self, post: Post) -> dict[str, bytes]:
        words = self.words(post.source)
        picture = f'<p><img src="{escape(post.image)}" alt="{escape(post.alt)}"></p>' if post.image else ""
        return _document(f"social-{post.name}", post.title, f"{picture}{prose.to_html(words)}", words)


def _both(name: str, html: str) -> dict[str, bytes]:
    return {f"{name}.html": html.encode(), f"{name}.txt": text_part.text_from_html(_spelled(html)).encode()}


def _spelled(html: str) -> str:
    """A page whose words keep apart without its stylesheet: labels on lines of their own, choices with commas between."""
    html = re.sub(r"<(/?)label\b", r"<\1div", html).replace("</option><option", "</option>, <option")
    return re.sub(r"(</(?:b|span|a|cite|strong)>)(?=<(?:span|b|a|cite|strong)\b)", r"\1 ", html)


def _document(name: str, title: str, body: str, words: str) -> dict[str, bytes]:
    """Words as a plain page, and as they are."""
    look = "body{max-width:42em;margin:2em auto;padding:0 1em;font:17px/1.5 system-ui,sans-serif}img{max-width:100%;height:auto}"
    html = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{look}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return {f"{name}.html": html.encode(), f"{name}.txt": f"{words.strip()}\n".encode()}
