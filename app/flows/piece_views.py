"""The pieces of a campaign in the partner's own words and looks: to read, to copy, to download one by one, or all as a zip."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.assets.store import store
from app.campaigns import box as listed
from app.campaigns import dress, playbook, posts, posts_picture, words
from app.campaigns.box_files import SCHEME, Box, safe
from app.campaigns.models import Campaign
from app.campaigns.posts import NO_LINK, Shared
from app.campaigns.queries import campaign_for, vendor_of
from app.campaigns.records import BoxState
from app.campaigns.tabs import tabs
from app.errors import NotFound, Refused
from app.flows import box
from app.kits.pieces import Post
from app.kits.queries import kit_by_id
from app.landing.networks import forms_by_post

pieces = Blueprint("pieces", __name__, url_prefix="/campaigns")
blueprints = [pieces]

Answer = str | BaseResponse


@pieces.get("/<pid>/pieces")
@member(partner=ANYONE)
def show(pid: str) -> Answer:
    """Everything in the box."""
    found = _box(pid)
    return render_template(
        "campaigns/pieces.html", items=listed.own_items(found.campaign, found.made, found.page_url),
        contents=listed.contents(found.made.kit).capitalize(), **_frame(found), **_zip(found)
    )  # fmt: skip


@pieces.get("/<pid>/pieces/posts/<key>")
@member(partner=ANYONE)
def post(pid: str, key: str) -> Answer:
    """A social post: its words and its picture for each network."""
    found = _box(pid)
    piece = _post(found, key)
    forms = forms_by_post(found.campaign)
    return render_template(
        "campaigns/pieces_post.html", post=piece, shared=posts.shared(found.made, piece, found.page_url), no_link=NO_LINK,
        has_picture=bool(piece.image and dress.kit_file(found.made, piece.image)),
        forms={network: count for (name, network), count in forms.items() if name == piece.name}, **_frame(found),
    )  # fmt: skip


@pieces.get("/<pid>/pieces/posts/<key>/<network>.png")
@member(partner=ANYONE)
def picture(pid: str, key: str, network: str) -> Answer:
    """The post's picture for one network, with the partner's logo."""
    found = _box(pid)
    piece, shared = _shared(found, key, network)
    place = dress.kit_file(found.made, piece.image) if piece.image else None
    if place is None:
        raise NotFound()
    wear = dress.of(found.made)
    facts = (
        SCHEME,
        place,
        wear.name,
        wear.color,
        dress.logo_mark(found.made),
        shared.size,
        piece.logo,
        piece.fit,
    )
    return _download(
        lambda: posts_picture.compose(store().get(place), shared.size, wear, piece.logo, piece.fit),
        "image/png", f"{piece.name}-{network}.png", facts, attached="download" in request.args,
    )  # fmt: skip


@pieces.get("/<pid>/pieces/posts/<key>/<network>.txt")
@member(partner=ANYONE)
def text(pid: str, key: str, network: str) -> Answer:
    """The post's words for one network, as a file."""
    found = _box(pid)
    piece, shared = _shared(found, key, network)
    return _download(
        lambda: shared.text.encode(), "text/plain; charset=utf-8", f"{piece.name}-{network}.txt", (shared.text,), attached=True
    )  # fmt: skip


@pieces.get("/<pid>/pieces/documents/<key>.pdf")
@member(partner=ANYONE)
def document(pid: str, key: str) -> Answer:
    """A document with the partner's panel on it."""
    found = _box(pid)
    piece = next((d for d in found.made.kit.documents if d.name == key), None)
    if piece is None:
        raise NotFound()
    card = dress.card(found.made)
    facts = (SCHEME, found.made.version.sha256, piece, dress.logo_mark(found.made), found.made.partner)
    name = piece.path.rsplit("/", 1)[-1]
    return _download(lambda: dress.document(found.made, piece, card), "application/pdf", name, facts)


@pieces.get("/<pid>/pieces/playbook")
@member(partner=ANYONE)
def read_playbook(pid: str) -> Answer:
    """What to say and do, with the partner's own words in it."""
    found = _box(pid)
    return render_template("campaigns/pieces_playbook.html", book=_playbook(found), **_frame(found))


@pieces.get("/<pid>/pieces/playbook.pdf")
@member(partner=ANYONE)
def print_playbook(pid: str) -> Answer:
    """The same to print or to pass on."""
    found = _box(pid)
    book = _playbook(found)
    facts = (SCHEME, str(book.html), book.title, found.made.partner, found.made.vendor.name)
    return _download(
        lambda: playbook.to_pdf(found.made, book),
        "application/pdf",
        f"{found.made.kit.slug}-playbook.pdf",
        facts,
    )


@pieces.post("/<pid>/box")
@member(partner=EDITORS)
def make_box(pid: str) -> Answer:
    """Have the whole box made as a zip. Without script the page comes back, with how far it is."""
    found = _box(pid)
    try:
        box.ask(actor(), found)
    except Refused as error:
        flash(error.message, "error")
    if request.headers.get("HX-Request"):
        return render_template("campaigns/_box.html", **_frame(found), **_zip(found))
    return redirect(url_for("pieces.show", pid=pid, _anchor="zip"), 303)


@pieces.get("/<pid>/box")
@member(partner=ANYONE)
def follow_box(pid: str) -> Answer:
    """How far it is, for the page to follow."""
    found = _box(pid)
    return render_template("campaigns/_box.html", **_frame(found), **_zip(found))


@pieces.get("/<pid>/box.zip")
@member(partner=ANYONE)
def download_box(pid: str) -> Answer:
    """The zip, of the pieces as they are now. Where one has changed since, it has to be made again first."""
    found = _box(pid)
    row = box.latest(actor(), found)
    if row is None or row.state is not BoxState.DONE or row.key is None:
        flash("A piece has changed since the box was made. Make it again, then download it.", "error")
        return redirect(url_for("pieces.show", pid=pid, _anchor="zip"), 303)
    response = Response(_chunks(store().open(row.key)), content_type="application/zip")
    response.content_length = row.size or 0
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(256 * 1024):
            yield chunk


def _box(pid: str) -> Box:
    return box.of(campaign_for(actor().organisation, pid))


def _post(found: Box, key: str) -> Post:
    piece = next((p for p in found.made.kit.posts if p.name == key), None)
    if piece is None:
        raise NotFound()
    return piece


def _shared(found: Box, key: str, network: str) -> tuple[Post, Shared]:
    piece = _post(found, key)
    one = next((s for s in posts.shared(found.made, piece, found.page_url) if s.network == network), None)
    if one is None:
        raise NotFound()
    return piece, one


def _playbook(found: Box) -> playbook.Read:
    book = found.made.kit.playbook
    if book is None:
        raise NotFound()
    return playbook.read(found.made, book, found.page_url)


def _frame(found: Box) -> dict[str, object]:
    """What every page of these has around it."""
    campaign: Campaign = found.campaign
    return {
        "campaign": campaign, "source": found.made.kit, "version": found.made.version, "kit": kit_by_id(found.made.version.kit_id),
        "vendor": vendor_of(campaign), "is_draft": found.is_draft, "has_page": bool(found.made.kit.pages),
        "missing": words.missing_slots(campaign, found.made.kit), "tabs": tabs(campaign) if not found.is_draft else [],
    }  # fmt: skip


def _zip(found: Box) -> dict[str, object]:
    return {"zip": box.latest(actor(), found)}


def _download(
    make: object, kind: str, name: str, facts: tuple[object, ...], attached: bool = False
) -> Response:
    """A file that is made only where the browser doesn't have it: `facts` are all it is made from."""
    etag = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    if etag in request.if_none_match:
        response = Response(status=304)
    else:
        response = Response(make(), content_type=kind)  # type: ignore[operator]
        response.headers.set(
            "Content-Disposition", "attachment" if attached else "inline", filename=safe(name)
        )
    response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
