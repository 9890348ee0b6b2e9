"""Kits on the page: what vendor and partner share. The vendor's pages and the partner's lie in app/flows, since they reach into every room.

One address for both; who looks decides what stands on it.
"""

import io
import zipfile

from flask import Response, render_template
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, actor, member
from app.assets.store import store
from app.campaigns import box, posts, preview
from app.campaigns import playbook as books
from app.db import get_or_404
from app.errors import NotFound
from app.flows import kit_partner_views, kit_vendor_views
from app.kits.blueprint import bp
from app.kits.models import KitVersion
from app.kits.queries import kit_by_id, kit_source, media_url, version_for

Answer = str | BaseResponse | tuple[str, int]


@bp.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> Answer:
    """The vendor's kits, or what is open to the partner."""
    return kit_vendor_views.overview() if actor().is_vendor else kit_partner_views.gallery_page()


@bp.get("/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> Answer:
    """One kit."""
    return kit_vendor_views.kit_page(pid) if actor().is_vendor else kit_partner_views.kit_page(pid)


@bp.get("/versions/<version>/pieces/<path:key>")
@member(vendor=ANYONE, partner=ANYONE)
def piece(version: str, key: str) -> str:
    """One piece in its frame: desktop, phone, dark mode, text."""
    found = version_for(actor().organisation, version)
    source = kit_source(found)
    shown = preview.chosen(source, key)
    return render_template(
        "kits/piece.html", version=found, source=source, kit=kit_by_id(found.kit_id), shown=shown, pieces=preview.pieces(source), **box.frames(found, shown)
    )  # fmt: skip


@bp.get("/versions/<version>/posts/<path:key>")
@member(vendor=ANYONE, partner=ANYONE)
def post(version: str, key: str) -> str:
    """A social post: its words to copy, and its picture."""
    found = version_for(actor().organisation, version)
    source = kit_source(found)
    shown = next((p for p in source.posts if p.name == key), None)
    if shown is None:
        raise NotFound()
    picture = media_url(found, shown.image) if shown.image in found.media else None
    return render_template(
        "kits/post.html", post=shown, source=source, kit=kit_by_id(found.kit_id), picture=picture,
        text=preview.words_of(found, shown.source), shared=posts.shared(preview.kit_prepared(found), shown, None),
    )  # fmt: skip


@bp.get("/versions/<version>/playbook")
@member(vendor=ANYONE, partner=ANYONE)
def playbook(version: str) -> str:
    """What to say and do, as the vendor wrote it."""
    found = version_for(actor().organisation, version)
    source = kit_source(found)
    if source.playbook is None:
        raise NotFound()
    return render_template(
        "kits/playbook.html",
        source=source,
        kit=kit_by_id(found.kit_id),
        book=books.read(preview.kit_prepared(found), source.playbook, None),
    )


@bp.get("/versions/<version>/kit.zip")
@member(vendor=ANYONE)
def download(version: str) -> BaseResponse:
    """The zip as it was uploaded, byte for byte."""
    found = get_or_404(actor().organisation, KitVersion, version)
    return _zip(store().get(found.archive_key), f"{kit_source(found).slug}-{found.version}.zip")


@bp.get("/versions/<version>/files.zip")
@member(vendor=ANYONE, partner=ANYONE)
def files(version: str) -> BaseResponse:
    """The pictures and documents of a version, as partners may use them: what they hand out, not what mails are made from."""
    found = version_for(actor().organisation, version)
    if not found.media:
        raise NotFound()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:  # pictures and PDFs don't get smaller
        for path, facts in sorted(found.media.items()):
            packed.writestr(path, store().get(str(facts["key"])))
    return _zip(out.getvalue(), f"{kit_source(found).slug}-{found.version}-files.zip")


def _zip(data: bytes, name: str) -> BaseResponse:
    response = Response(data, content_type="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


blueprints = [bp, *kit_partner_views.blueprints, *kit_vendor_views.blueprints]
