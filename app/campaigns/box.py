"""What is in a kit's box, as pages list it, and the frames in which its pieces are looked at."""

from dataclasses import dataclass

from flask import url_for

from app.campaigns import playbook, preview
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared
from app.kits.models import KitVersion
from app.kits.pieces import Corner, Document, EmailPiece, KitSource, PagePiece, Playbook, Post
from app.kits.queries import media_url
from app.kits.social import LIMITS
from app.kits.step_words import when, whom
from app.render.errors import RenderError
from app.web.filters import plural, size


@dataclass(frozen=True)
class Item:
    """A row of what is in the box."""

    icon: str
    title: str
    note: str
    href: str = ""
    action: str = "Preview"
    thumb: str = ""


def contents(source: KitSource) -> str:
    """What is in the box, in a line: `2 emails, 1 page, 3 posts`."""
    pages = len(source.pages)
    parts = [
        plural(len(source.emails), "email") if source.emails else "",
        plural(pages, "page") if pages else "",
        plural(len(source.posts), "post") if source.posts else "",
        plural(len(source.documents), "document") if source.documents else "",
        "playbook" if source.playbook else "",
    ]
    return ", ".join(part for part in parts if part)


def items(version: KitVersion, source: KitSource) -> list[Item]:
    """Everything in a kit's box, each with the way to look at it."""
    found = [_email(version, source, email) for email in preview.in_order(source)]
    found += [_page(version, page) for page in source.pages]
    for post in source.posts:
        href = url_for("kits.post", version=version.pid, key=post.name)
        found.append(Item("share", post.title, about_post(post), href, "Read", _file(version, post.image)))
    for document in source.documents:
        href = _file(version, document.path)
        found.append(Item("file-type-pdf", document.title, about_document(version, document), href, "Open"))
    if source.playbook:
        href = url_for("kits.playbook", version=version.pid)
        found.append(Item("book", "Playbook", about_playbook(source.playbook), href, "Read"))
    return found


def own_items(campaign: Campaign, made: Prepared, page_url: str | None) -> list[Item]:
    """Everything in a campaign's box in the partner's own words, each with the way to read, copy or download it."""
    source, version, pid = made.kit, made.version, campaign.pid
    found = []
    for piece in preview.pieces(source):
        href = url_for("campaigns.words", pid=pid, piece=piece.key, _anchor="preview")
        icon, note = (
            ("mail", _line(made, piece.name))
            if piece.kind == "email"
            else ("world", page_url or "Published with the launch")
        )
        found.append(Item(icon, piece.title, note, href))
    for post in source.posts:
        has_picture = post.image in version.media
        thumb = (
            url_for("pieces.picture", pid=pid, key=post.name, network=post.networks[0]) if has_picture else ""
        )
        found.append(
            Item(
                "share",
                post.title,
                about_post(post),
                url_for("pieces.post", pid=pid, key=post.name),
                "Share",
                thumb,
            )
        )
    for document in source.documents:
        href = url_for("pieces.document", pid=pid, key=document.name)
        found.append(Item("file-type-pdf", document.title, about_document(version, document), href, "Open"))
    if source.playbook:
        href = url_for("pieces.read_playbook", pid=pid)
        found.append(Item("book", "Playbook", about_playbook(source.playbook), href, "Read"))
    return found


def about_post(post: Post) -> str:
    """For which networks it is, and what its picture wears."""
    labels = [LIMITS[network].label for network in post.networks]
    where = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    if not post.image:
        return where
    return (
        f"{where}; its picture as it is"
        if post.logo is Corner.NONE
        else f"{where}; your logo is placed for you"
    )


def about_document(version: KitVersion, document: Document) -> str:
    """How large it is, and where the partner stands on it."""
    facts = version.media.get(document.path)
    parts = ["PDF", size(int(facts["size"]))] if facts else [document.path]
    if document.panel:
        page = document.panel.page
        where = "the last page" if page == -1 else f"page {page}" if page > 0 else "it"
        parts.append(f"your logo and address on {where}")
    return ", ".join(parts)


def about_playbook(book: Playbook) -> str:
    """How long it takes to read."""
    return f"{plural(playbook.minutes(book.source), 'minute')} to read, for you and your colleagues alone"


def _line(made: Prepared, name: str) -> str:
    try:
        return f"“{preview.inbox(made, name).subject}”"
    except RenderError as error:
        return error.message


def frames(version: KitVersion, shown: preview.Piece | None) -> dict[str, object]:
    """What a template needs to frame a piece of a kit; `failure` says in words why there is nothing to see."""
    if shown is None:
        return _nothing("This kit has nothing to show yet.")
    if shown.kind == "page":
        return {"src": preview.address(version, shown), "dark": None, "inbox": None, "failure": None}
    try:
        line = preview.inbox(preview.kit_prepared(version), shown.name)
    except RenderError as error:
        return _nothing(error.message)
    dark = preview.address(version, shown, dark=True)
    return {"src": preview.address(version, shown), "dark": dark, "inbox": line, "failure": None}


def _nothing(failure: str) -> dict[str, object]:
    return {"src": None, "dark": None, "inbox": None, "failure": failure}


def _email(version: KitVersion, source: KitSource, email: EmailPiece) -> Item:
    at = _when(source, email)
    try:
        made = preview.inbox(preview.kit_prepared(version), email.name)
        note = f"{at}“{made.subject}” · {size(made.size)}"
    except RenderError as error:
        note = at + error.message
    href = url_for("kits.piece", version=version.pid, key=f"email/{email.name}")
    return Item("mail", email.title, note, href)


def _when(source: KitSource, email: EmailPiece) -> str:
    """When this email goes out and to whom, where the kit has a sequence."""
    step = next((step for step in source.steps if step.email == email.name), None)
    if step is None:
        return ""
    return f"{when(step)} · " if not step.day else f"{when(step)}, to {whom(step.unless, step.only)} · "


def _page(version: KitVersion, page: PagePiece) -> Item:
    boxes = plural(len(page.form.consents), "consent box", "consent boxes")
    note = f"{plural(len(page.form.fields), 'field')}, {boxes}, thank-you page"
    href = url_for("kits.piece", version=version.pid, key=f"page/{page.name}")
    return Item("world", page.title, note, href)


def _file(version: KitVersion, path: str) -> str:
    return media_url(version, path) if path in version.media else ""
