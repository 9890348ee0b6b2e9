"""What lies in the box that a partner takes with it: every piece in its own words, each as a file that opens without us.

No contact is in it: mails are as somebody would read them of whom nothing is known. `files` reads all that the database knows; each
file is made when it is asked for, and then without it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from app.assets.store import store
from app.campaigns import dress, playbook, posts, posts_picture
from app.campaigns.documents import Card
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared, email, message_headers
from app.campaigns.preview import in_order
from app.campaigns.send_test import Version, versions
from app.kits.pieces import Document, PagePiece, Post
from app.render.email import CompiledEmail, preview_html, preview_line, preview_text
from app.render.page import CompiledPage, PageSource, brand_css, compile_page

SCHEME = 1
"""Raised whenever what is in the box changes for the same campaign, so that old ones are made anew."""

READER = {"email": "reader@example.com"}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class File:
    """One file of the box: where it lies, what it is in a few words for the README, and its bytes when asked for."""

    path: str
    about: str
    make: Callable[[], bytes]


@dataclass(frozen=True)
class Box:
    """Everything a box is made from. `pages`: the published pages' addresses by name, empty for a draft."""

    campaign: Campaign
    made: Prepared
    pages: Mapping[str, str]
    is_draft: bool

    @property
    def page_url(self) -> str | None:
        """Where mails and posts lead: the first page."""
        return next(iter(self.pages.values()), None)

    @property
    def name(self) -> str:
        """The download's name."""
        base = safe(f"{self.made.kit.slug}-{self.made.version.version}-{self.made.partner.name}")
        return f"{base.lower()}{'-DRAFT' if self.is_draft else ''}.zip"


def safe(name: str) -> str:
    """Letters, digits, dots, hyphens: a file name on every system; never empty, hidden or a way out of the folder."""
    return _UNSAFE.sub("-", name).strip("-.")[:80] or "file"


def fingerprint(box: Box) -> str:
    """Changes with anything that the box shows."""
    made = box.made
    facts = [
        SCHEME, made.version.sha256, made.slots, made.partner, made.vendor, made.language, made.why,
        dress.logo_mark(made), dict(box.pages), box.is_draft, box.campaign.name, made.assets,
        [(v.key, v.subject) for v in versions(made, box.campaign)], message_headers(made),
    ]  # fmt: skip
    return sha256(json.dumps(facts, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def files(box: Box) -> list[File]:
    """The box's files in the order of the README."""
    made = box.made
    found = [
        file for number, version in enumerate(_versions(box), 1) for file in _email(box, number, version)
    ]
    for page in made.kit.pages:
        found += _page(box, page)
    if made.kit.pages:
        found += [
            File("pages/landing.css", "How the pages look", _sheet),
            File("pages/brand.css", "Your colours on the pages", lambda: brand_css(made.partner).encode()),
        ]
    wear, card = dress.of(made), dress.card(made)
    for post in made.kit.posts:
        found += _post(box, post, wear)
    for document in made.kit.documents:
        found.append(_document(made, document, card))
    return found + _playbook(box)


def _versions(box: Box) -> list[Version]:
    order = {piece.name: number for number, piece in enumerate(in_order(box.made.kit))}
    return sorted(versions(box.made, box.campaign), key=lambda v: order.get(v.piece.name, len(order)))


def _email(box: Box, number: int, version: Version) -> list[File]:
    made = box.made
    name = f"emails/{number}-{safe(version.key.replace('/', '-'))}"

    def compiled() -> tuple[CompiledEmail, dict[int, str]]:
        done = email(made, version.piece, version.subject)
        leads = {t.number: box.page_url for t in done.links if t.kind == "landing" and box.page_url}
        return done, leads

    return [
        File(f"{name}.html", f"{version.title}, as a browser shows it", lambda: preview_html(*_for(compiled())).encode()),
        File(f"{name}.txt", f"{version.title}, the plain text", lambda: preview_text(*_for(compiled())).encode()),
        File(f"{name}.eml", f"{version.title}, to open in a mail program", lambda: _message(box, *compiled())),
    ]  # fmt: skip


def _for(
    parts: tuple[CompiledEmail, dict[int, str]],
) -> tuple[CompiledEmail, Mapping[str, str], dict[int, str]]:
    return parts[0], READER, parts[1]


def _message(box: Box, compiled: CompiledEmail, leads: dict[int, str]) -> bytes:
    """The mail as a message that a mail program opens. It holds no way to unsubscribe: only what is sent from here does."""
    head = message_headers(box.made)
    message = EmailMessage(policy=SMTP)
    message["Subject"] = ("[Draft] " if box.is_draft else "") + preview_line(compiled, READER)[0]
    message["From"] = f'"{_quotable(head.from_name)}" <{head.from_address}>'
    message["To"] = READER["email"]
    message["Date"] = format_datetime(box.campaign.launched_at or box.made.version.created_at)
    message.set_content(preview_text(compiled, READER, leads))
    message.add_alternative(preview_html(compiled, READER, leads), subtype="html")
    message.set_boundary(f"=_{sha256(compiled.html.encode()).hexdigest()[:32]}")
    return message.as_bytes()


def _quotable(name: str) -> str:
    return "".join(c for c in name if c.isprintable()).replace("\\", "").replace('"', "'")


def _page(box: Box, page: PagePiece) -> list[File]:
    made, name = box.made, safe(page.name)

    def compiled() -> CompiledPage:
        source = PageSource(page.source, page.title, page.description, dict(made.assets), page.language)
        return compile_page(source, made.slots, made.partner, made.vendor, page.form)

    sheets = ("landing.css", "brand.css")
    return [
        File(f"pages/{name}.html", "The page with its form, to look at", lambda: compiled().render("#", stylesheets=sheets).encode()),
        File(f"pages/{name}-thanks.html", "What people see once they have sent the form", lambda: compiled().thanks({}, stylesheets=sheets).encode()),
    ]  # fmt: skip


def _sheet() -> bytes:
    """The pages' stylesheet without the fonts, which lie with us: browsers take their own."""
    css = (posts_picture.FONT.parents[2] / "landing.css").read_text()
    return re.sub(r"@font-face\s*\{[^}]*\}\n?", "", css).encode()


def _post(box: Box, post: Post, wear: posts_picture.Dress) -> list[File]:
    made, folder = box.made, f"posts/{safe(post.name)}"
    found = []
    picture = dress.kit_file(made, post.image) if post.image else None
    for shared in posts.shared(made, post, box.page_url):
        at = f"{folder}/{shared.network}"
        found.append(File(f"{at}.txt", f"“{post.title}” for {shared.label}", shared.text.encode))
        if picture:
            found.append(
                File(
                    f"{at}.png", f"Its picture for {shared.label}", _picture(post, picture, shared.size, wear)
                )
            )
    if picture and post.alt:
        about = "What the picture shows, for people who can’t see it: paste it where the network asks"
        found.append(File(f"{folder}/description.txt", about, post.alt.encode))
    return found


def _picture(post: Post, key: str, size: tuple[int, int], wear: posts_picture.Dress) -> Callable[[], bytes]:
    def make() -> bytes:
        return posts_picture.compose(store().get(key), size, wear, post.logo, post.fit)

    return make


def _document(made: Prepared, document: Document, card: Card) -> File:
    name = safe(document.path.rsplit("/", 1)[-1])
    about = f"{document.title}, with your panel on it" if document.panel else document.title
    return File(f"documents/{name}", about, lambda: dress.document(made, document, card))


def _playbook(box: Box) -> list[File]:
    made, book = box.made, box.made.kit.playbook
    if book is None:
        return []

    def found() -> playbook.Read:
        return playbook.read(made, book, box.page_url)

    return [
        File("playbook.html", "What to say and do, for you and your colleagues", lambda: playbook.to_html(made, found()).encode()),
        File("playbook.pdf", "The same, to print", lambda: playbook.to_pdf(made, found())),
    ]  # fmt: skip


def readme(box: Box, listed: Sequence[File]) -> bytes:
    """What the box is and what each file is for, as text for any editor."""
    made = box.made
    lines = [
        f"{made.kit.name}, version {made.version.version}",
        f"{made.partner.name} with {made.vendor.name}",
        "",
    ]
    if box.is_draft:
        lines += [
            "DRAFT. This campaign isn’t launched: words may still change, and where the address of its page belongs stands",
            f"{posts.NO_LINK}. Take the box again once it is launched.", "",
        ]  # fmt: skip
    else:
        lines += [*(f"Page: {url}" for url in made.kit.pages and box.pages.values()), ""]
    lines += [
        "The mails are as somebody reads them of whom nothing is known, to look at and to pass on. They hold no way to",
        "unsubscribe: only mails that are sent from your campaign do. Don’t send them by hand.", "",
    ]  # fmt: skip
    width = max((len(file.path) for file in listed), default=0)
    lines += [f"{file.path.ljust(width)}  {file.about}" for file in listed]
    return ("\r\n".join(lines) + "\r\n").encode()


def of(campaign: Campaign, made: Prepared, pages: Mapping[str, str]) -> Box:
    """The box of a campaign whose pages were published at these addresses."""
    return Box(campaign, made, pages, campaign.launched_at is None)
