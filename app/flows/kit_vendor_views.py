"""A vendor's pages of its kits: the list, one kit in tabs, and taking in, checking, publishing, comparing and withdrawing versions."""

from collections.abc import Sequence

from flask import flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.assets.store import store
from app.campaigns import box, review_queries
from app.campaigns.forms import picture_size
from app.campaigns.queries import rows_of_kit, used_by
from app.db import db, get_or_404
from app.errors import AppError, Invalid, Refused
from app.flows import kit_adoption, kit_news, terms_views, withdraw
from app.kits import publish as publishing
from app.kits.blueprint import bp
from app.kits.diff import compare
from app.kits.format import read_files
from app.kits.forms import MOST, PublishForm, RecallForm, UploadForm
from app.kits.models import Kit, KitVersion, NewsKind, VersionStatus
from app.kits.package import KitRefused
from app.kits.queries import kit_by_id, kit_source, kits_of, media_url, versions_of
from app.kits.step_words import when, whom
from app.kits.visibility import language, reach
from app.programs.queries import partners_of
from app.web.boundary import discard as take_back
from app.web.filters import plural

Answer = str | BaseResponse | tuple[str, int]
blueprints = [terms_views.bp]
_TABS = (("overview", "Overview"), ("pieces", "Pieces"), ("slots", "Slots"), ("tests", "Tests"), ("reviews", "Reviews"), ("versions", "Versions"), ("use", "Who uses it"))  # fmt: skip


def overview(form: UploadForm | None = None, refusal: KitRefused | None = None) -> str:
    """All kits of the vendor, with the way to bring one."""
    vendor = actor().organisation
    versions, used = versions_of(vendor), used_by(vendor)
    rows = []
    for kit in kits_of(vendor):
        own = [version for version in versions if version.kit_id == kit.id]
        live = _live(own)
        seen = reach(vendor, kit_source(live)) if live else None
        rows.append((kit, own, live, sum(used.get(version.id, 0) for version in own), seen))
    return render_template(
        "kits/vendor_index.html", rows=rows, form=form or UploadForm(), refusal=refusal, most=MOST,
        partners=len(partners_of(vendor)),
    )  # fmt: skip


def kit_page(pid: str, publish_form: PublishForm | None = None, refusal: str = "") -> str:
    """One kit, the version asked for or its newest, in tabs."""
    vendor = actor().organisation
    kit = get_or_404(vendor, Kit, pid)
    versions = versions_of(vendor, [kit])
    asked = request.args.get("version") or (request.view_args or {}).get("version")
    version = next((v for v in versions if v.pid == asked), versions[0])
    tab = request.args.get("tab", "overview")
    tab = tab if tab in dict(_TABS) else "overview"
    source = kit_source(version)
    live = _live(versions)
    return render_template(
        "kits/vendor_show.html", kit=kit, version=version, versions=versions, source=source, tab=tab, tabs=_TABS,
        items=box.items(version, source) if tab == "pieces" else [], errors=publishing.errors(version), live=live,
        used=used_by(vendor), rows=rows_of_kit(vendor, kit), upload=UploadForm(), most=MOST, refusal=refusal,
        publish_form=publish_form or PublishForm(), contents=box.contents(source), picture_size=picture_size,
        reach=reach(vendor, source), told=_told(version), mailed=len(kit_news.listeners(vendor, version)),
        reviews=review_queries.of_kit(vendor, kit) if tab == "reviews" else (), language=language, adoption=kit_adoption.adoption(vendor, kit) if tab == "use" else (), when=when, whom=whom, previous=_before(versions, version),
    )  # fmt: skip


def _live(versions: Sequence[KitVersion]) -> KitVersion | None:
    return next((version for version in versions if version.status is VersionStatus.PUBLISHED), None)


def _before(versions: Sequence[KitVersion], version: KitVersion) -> KitVersion | None:
    """The version that this one is compared with: the highest one below it that was published."""
    lower = [
        other
        for other in versions
        if other.status is not VersionStatus.DRAFT
        and publishing.number(other.version) < publishing.number(version.version)
    ]
    return max(lower, key=lambda other: publishing.number(other.version), default=None)


def _told(version: KitVersion) -> int:
    kind = NewsKind.RECALLED if version.status is VersionStatus.RECALLED else NewsKind.PUBLISHED
    return kit_news.told(version, kind)


@bp.post("")
@member(vendor=EDITORS)
def upload() -> Answer:
    """Take a kit's zip in as a draft; one that can't be read is refused with everything that is wrong with it."""
    form = UploadForm()
    refusal: KitRefused | None = None
    if form.validate_on_submit():
        file = form.kit.data
        try:
            if not file or not file.filename:
                raise Invalid("Choose the kit’s zip.")
            # the check takes a while: nobody waits for the database meanwhile
            version = publishing.import_version(actor(), file.read(), db.session.commit)
        except KitRefused as error:
            refusal = error
        except AppError as error:
            form.refuse({"kit": error.message})
        else:
            return _go(_page_of(version), _said(version))
    return overview(form, refusal), 422


def _said(version: KitVersion) -> str:
    wrong = len(publishing.errors(version))
    found = f"{plural(wrong, 'error')} to mend." if wrong else "Nothing stops publishing it."
    return f"Version {version.version} is here as a draft. {found}"


def _go(address: str, said: str) -> BaseResponse:
    """On to a page; the script that shows the progress asks for the address instead, and goes there itself."""
    flash(said)
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"location": address})
    return redirect(address)


def _page_of(version: KitVersion) -> str:
    return url_for("kits.show", pid=kit_by_id(version.kit_id).pid, version=version.pid)


@bp.post("/versions/<version>/check")
@member(vendor=EDITORS)
def check(version: str) -> BaseResponse:
    """Judge a draft again by today's rules."""
    found = get_or_404(actor().organisation, KitVersion, version)
    publishing.recheck(actor(), found, db.session.commit)
    wrong = len(publishing.errors(found))
    flash(
        f"Checked again: {plural(wrong, 'error')} to mend."
        if wrong
        else "Checked again. Nothing stops publishing it."
    )
    return redirect(_page_of(found))


@bp.post("/versions/<version>/publish")
@member(vendor=EDITORS)
def publish(version: str) -> Answer:
    """Open a version to partners."""
    found = get_or_404(actor().organisation, KitVersion, version)
    kit, form = kit_by_id(found.kit_id), PublishForm()
    if not form.validate_on_submit():
        return kit_page(kit.pid, publish_form=form), 422
    try:
        told = kit_news.publish(actor(), found, form.change_summary.data or "", db.session.commit)
    except Refused as error:
        if publishing.errors(found):  # what today's check found is kept, and shown
            flash(error.message, "error")
            return redirect(_page_of(found))
        take_back()
        return kit_page(kit.pid, form, error.message), 422
    mails = (
        f" {plural(told, 'partner')} who {'uses' if told == 1 else 'use'} the kit {'is' if told == 1 else 'are'} mailed."
        if told
        else ""
    )
    flash(f"{found.version} is published. Partners can make it theirs from now on.{mails}")
    return redirect(_page_of(found))


@bp.post("/versions/<version>/discard")
@member(vendor=EDITORS)
def discard(version: str) -> BaseResponse:
    """Throw a draft away."""
    found = get_or_404(actor().organisation, KitVersion, version)
    kit, number = kit_by_id(found.kit_id), found.version
    gone = publishing.discard(actor(), found)
    flash(f"The draft {number} is thrown away.")
    return redirect(url_for("kits.index") if gone else url_for("kits.show", pid=kit.pid))


@bp.get("/versions/<version>/recall")
@member(vendor=EDITORS)
def ask_recall(version: str) -> str:
    """What withdrawing a version would stop, before it is done."""
    return _recall_page(get_or_404(actor().organisation, KitVersion, version), RecallForm())


def _recall_page(version: KitVersion, form: RecallForm) -> str:
    if version.status not in (VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED):
        raise Refused("Only a version that was published can be recalled, and only once.")
    vendor = actor().organisation
    kit = kit_by_id(version.kit_id)
    live = _live(versions_of(vendor, [kit]))
    newer = live if live and live.id != version.id else None
    return render_template(
        "kits/recall.html",
        version=version,
        kit=kit,
        form=form,
        effect=withdraw.effect(vendor, version),
        newer=newer,
    )


@bp.post("/versions/<version>/recall")
@member(vendor=EDITORS)
def recall(version: str) -> Answer:
    """Withdraw a version, and stop what would still be sent from it."""
    found = get_or_404(actor().organisation, KitVersion, version)
    form = RecallForm()
    if not form.validate_on_submit():
        return _recall_page(found, form), 422
    done = withdraw.withdraw(actor(), found, form.reason.data or "")
    stops = done.stopped + done.unscheduled
    said = (
        f"{plural(stops, 'campaign')} {'is' if stops == 1 else 'are'} stopped"
        if stops
        else "Nothing was on its way"
    )
    told = (
        f"; {plural(done.partners, 'partner')} {'is' if done.partners == 1 else 'are'} told why."
        if done.partners
        else "."
    )
    flash(f"{found.version} is recalled. {said}{told}")
    return redirect(_page_of(found))


@bp.get("/versions/<version>/changes")
@member(vendor=ANYONE)
def changes(version: str) -> str:
    """What is different from another version of the kit: the one asked for, else the published one before it."""
    vendor = actor().organisation
    found = get_or_404(vendor, KitVersion, version)
    kit = kit_by_id(found.kit_id)
    versions = versions_of(vendor, [kit])
    asked = request.args.get("from", "")
    other = next((v for v in versions if v.pid == asked), None) or _before(versions, found)
    compared = None
    if other is not None:
        now_files, was_files = (read_files(store().get(v.archive_key)) for v in (found, other))
        compared = compare(kit_source(other), kit_source(found), was_files, now_files)
    return render_template(
        "kits/changes.html", kit=kit, version=found, other=other, diff=compared, media_url=media_url,
        others=[v for v in versions if v.id != found.id],
    )  # fmt: skip
