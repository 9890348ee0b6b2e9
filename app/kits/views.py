"""Kits on the page: for vendors their own with versions, findings and use; for partners what is open to them.

One address for both; who looks decides what stands on it.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.assets.store import store
from app.campaigns import box, preview
from app.campaigns.forms import picture_size
from app.campaigns.queries import latest_by_kit, rows_of_kit, used_by
from app.db import get_or_404
from app.errors import AppError, Invalid, NotFound
from app.kits import prose
from app.kits import publish as publishing
from app.kits.archive import KitError
from app.kits.forms import PublishForm, RecallForm, UploadForm
from app.kits.models import Kit, KitVersion, VersionStatus
from app.kits.queries import (
    OpenKit,
    cover_url,
    kit_by_id,
    kit_source,
    kits_of,
    media_url,
    open_kit,
    open_kits,
    version_for,
    versions_of,
)
from app.programs.queries import partners_of
from app.web.filters import plural

bp = Blueprint("kits", __name__, url_prefix="/kits")


@bp.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> str:
    """The vendor's kits, or what is open to the partner."""
    return _vendor_index(UploadForm()) if actor().is_vendor else _gallery()


def _vendor_index(form: UploadForm, failure: KitError | None = None) -> str:
    vendor = actor().organisation
    versions = versions_of(vendor)
    used = used_by(vendor)
    rows = []
    for kit in kits_of(vendor):
        own = [version for version in versions if version.kit_id == kit.id]
        rows.append((kit, own, _live(own), sum(used.get(version.id, 0) for version in own)))
    return render_template(
        "kits/vendor_index.html", rows=rows, form=form, failure=failure, partners=len(partners_of(vendor))
    )


def _gallery() -> str:
    partner = actor().organisation
    everything = open_kits(partner)
    words = request.args.get("q", "").strip()
    only_new = request.args.get("show") == "new"
    mine = latest_by_kit(partner)
    unused = [item for item in everything if item.kit.id not in mine]
    found = [item for item in (unused if only_new else everything) if _matches(item, words)]
    return render_template(
        "kits/gallery.html", tiles=[_tile(item, mine.get(item.kit.id)) for item in found], total=len(everything), unused=len(unused),
        words=words, only_new=only_new, vendors=sorted({item.vendor.name for item in everything}),
    )  # fmt: skip


def _tile(item: OpenKit, campaign: object) -> dict[str, object]:
    status = getattr(campaign, "status", None)
    return {
        "href": url_for("kits.show", pid=item.kit.pid),
        "name": item.source.name,
        "summary": item.source.summary,
        "meta": [box.contents(item.source), f"with {item.vendor.name}"],
        "cover": cover_url(item.version),
        "state": ("campaign", status) if status else None,
    }


def _matches(item: OpenKit, words: str) -> bool:
    text = " ".join((item.source.name, item.source.summary, item.source.goal, item.vendor.name)).casefold()
    return all(word in text for word in words.casefold().split())


@bp.get("/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> str:
    """One kit."""
    who = actor()
    if who.is_vendor:
        return _vendor_page(get_or_404(who.organisation, Kit, pid))
    item = open_kit(who.organisation, pid)
    campaign = latest_by_kit(who.organisation).get(item.kit.id)
    return render_template(
        "kits/show.html", item=item, source=item.source, items=box.items(item.version, item.source), campaign=campaign,
        required=sum(slot.required and slot.default is None for slot in item.source.slots),
    )  # fmt: skip


def _vendor_page(
    kit: Kit, publish_form: PublishForm | None = None, recall_form: RecallForm | None = None
) -> str:
    vendor = actor().organisation
    versions = versions_of(vendor, [kit])
    asked = request.args.get("version") or (request.view_args or {}).get("version")
    version = next((v for v in versions if v.pid == asked), versions[0])
    source = kit_source(version)
    rows = rows_of_kit(vendor, kit)
    return render_template(
        "kits/vendor_show.html", kit=kit, version=version, versions=versions, source=source, items=box.items(version, source),
        errors=publishing.errors(version), live=_live(versions), rows=rows, used=used_by(vendor), upload=UploadForm(),
        publish_form=publish_form or PublishForm(), recall_form=recall_form or RecallForm(), contents=box.contents(source),
        picture_size=picture_size, partners={row.partner.id for row in rows}, tiers={p.id: s for p, s in partners_of(vendor)},
    )  # fmt: skip


def _live(versions: Sequence[KitVersion]) -> KitVersion | None:
    return next((version for version in versions if version.status is VersionStatus.PUBLISHED), None)


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
        text=preview.words_of(found, shown.source),
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
        text=prose.to_html(preview.words_of(found, source.playbook.source)),
    )


@bp.get("/versions/<version>/kit.zip")
@member(vendor=ANYONE)
def download(version: str) -> BaseResponse:
    """The zip as it was uploaded."""
    found = get_or_404(actor().organisation, KitVersion, version)
    response = Response(store().get(found.archive_key), content_type="application/zip")
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"{kit_source(found).slug}-{found.version}.zip"
    )
    return response


@bp.post("")
@member(vendor=EDITORS)
def upload() -> BaseResponse | tuple[str, int]:
    """Take a kit's zip in as a draft; one that can't be read is refused with file, line and mend."""
    form = UploadForm()
    failure: KitError | None = None
    if form.validate_on_submit():
        file = form.kit.data
        try:
            if not file or not file.filename:
                raise Invalid("Choose the kit’s zip.")
            version = publishing.import_version(actor(), file.read())
        except KitError as error:
            failure = error
        except AppError as error:
            form.refuse({"kit": error.message})
        else:
            wrong = len(publishing.errors(version))
            flash(
                f"Version {version.version} is here as a draft. "
                + (f"{plural(wrong, 'error')} to mend." if wrong else "Nothing stops publishing it.")
            )
            return redirect(url_for("kits.show", pid=kit_by_id(version.kit_id).pid, version=version.pid))
    return _vendor_index(form, failure), 422


@bp.post("/versions/<version>/publish")
@member(vendor=EDITORS)
def publish(version: str) -> BaseResponse | tuple[str, int]:
    """Open a version to partners."""
    found = get_or_404(actor().organisation, KitVersion, version)
    kit, form = kit_by_id(found.kit_id), PublishForm()
    if not form.validate_on_submit():
        return _vendor_page(kit, publish_form=form), 422
    publishing.publish(actor(), found, form.change_summary.data or "")
    flash(f"{found.version} is published. Partners can make it theirs from now on.")
    return redirect(url_for("kits.show", pid=kit.pid, version=found.pid))


@bp.post("/versions/<version>/recall")
@member(vendor=EDITORS)
def recall(version: str) -> BaseResponse | tuple[str, int]:
    """Withdraw a version."""
    found = get_or_404(actor().organisation, KitVersion, version)
    kit, form = kit_by_id(found.kit_id), RecallForm()
    if not form.validate_on_submit():
        return _vendor_page(kit, recall_form=form), 422
    publishing.recall(actor(), found, form.reason.data or "")
    flash(f"{found.version} is recalled: no campaign can start from it or be launched with it any more.")
    return redirect(url_for("kits.show", pid=kit.pid, version=found.pid))


blueprints = [bp]
