"""A partner's pages of kits: the gallery, one kit, going over to a newer version, and the mails about new ones."""

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member, public
from app.campaigns import box, review_queries
from app.campaigns.queries import campaign_for
from app.campaigns.words import CHANGEABLE
from app.errors import AppError
from app.flows import kit_news, kit_thumb, renew
from app.flows.kit_gallery import Wish, gallery, tile_of
from app.kits.blueprint import bp
from app.kits.queries import kit_by_id, open_kit, version_by_id
from app.kits.visibility import language
from app.render.errors import RenderError
from app.web import hosts
from app.web.filters import plural
from app.web.security import framed_mail

renewals = Blueprint("renewals", __name__, url_prefix="/campaigns")
thumbs = hosts.public(Blueprint("thumbs", __name__, url_prefix="/thumb"))
blueprints = [renewals, thumbs]

Answer = str | BaseResponse | tuple[str, int]
_SORTS = (("new", "Newest first"), ("most", "Run most at your tier"), ("name", "By name"))
_DAY = 24 * 3600


def gallery_page() -> str:
    """What is open to the partner, as it asked for it."""
    partner = actor().organisation
    wish = _wish()
    found = gallery(partner, wish)
    thumb = {tile.item.version.id: kit_thumb.address(tile.item.version, partner) for tile in found.tiles}
    return render_template(
        "kits/gallery.html", found=found, wish=wish, thumb=thumb, sorts=_SORTS, language=language, contents=box.contents
    )  # fmt: skip


def _wish() -> Wish:
    asked = {
        name: request.args.get(name, "").strip()[:200]
        for name in Wish.__dataclass_fields__
        if name != "words"
    }
    return Wish(words=request.args.get("q", "").strip()[:200], **{**asked, "sort": asked["sort"] or "new"})


def kit_page(pid: str) -> str:
    """One kit: what it brings, what is in it, what others do with it."""
    partner = actor().organisation
    item = open_kit(partner, pid)
    tile = tile_of(partner, item)
    campaign = tile.campaign
    older = version_by_id(campaign.kit_version_id) if campaign else None
    return render_template(
        "kits/show.html", item=item, source=item.source, items=box.items(item.version, item.source), campaign=campaign,
        required=sum(slot.required and slot.default is None for slot in item.source.slots), tile=tile,
        older=older if older and older.id != item.version.id else None, language=language, days=review_queries.days_of(item.vendor),
    )  # fmt: skip


@bp.get("/news")
@member(partner=ANYONE)
def news() -> str:
    """Whether one is mailed about new versions."""
    return render_template("kits/news.html", quiet=kit_news.is_quiet(actor()))


@bp.post("/news")
@member(partner=ANYONE)
def set_news() -> BaseResponse:
    """Turn the mails about new versions off, or on again."""
    quiet = request.form.get("quiet") == "yes"
    kit_news.set_quiet(actor(), quiet)
    flash(
        "You get no mails about new versions any more."
        if quiet
        else "You get a mail when a kit that you use has a new version."
    )
    return redirect(url_for("kits.news"))


@renewals.get("/<pid>/again")
@member(partner=ANYONE)
def ask(pid: str) -> Answer:
    """What a new draft from the kit's open version would keep of a campaign that was launched."""
    campaign = campaign_for(actor().organisation, pid)
    if campaign.status in CHANGEABLE:
        return redirect(url_for("campaigns.show_newer", pid=pid))
    version = renew.version_of(campaign)
    return render_template(
        "kits/again.html", campaign=campaign, version=version, kit=kit_by_id(version.kit_id),
        fit=renew.offer(actor(), campaign), withdrawn=renew.is_withdrawn(version),
    )  # fmt: skip


@renewals.post("/<pid>/again")
@member(partner=EDITORS)
def go(pid: str) -> BaseResponse:
    """Begin it again."""
    campaign = campaign_for(actor().organisation, pid)
    try:
        done = renew.renew(actor(), campaign)
    except AppError as error:
        flash(error.message, "error")
        return redirect(url_for("renewals.ask", pid=pid))
    version = renew.version_of(done.campaign).version
    lost = (
        f" {plural(done.lost, 'field')} did not fit and {'is' if done.lost == 1 else 'are'} the kit’s again."
        if done.lost
        else ""
    )
    flash(f"“{done.campaign.name}” is a new draft from {version}.{lost}")
    return redirect(url_for("campaigns.words", pid=done.campaign.pid))


@thumbs.get("/<token>")
@public
def show(token: str) -> BaseResponse:
    """A kit's small picture: a mail or a page, without script and without session. It stays the same for a day."""
    try:
        response = make_response(kit_thumb.show(token))
    except RenderError:
        return framed_mail(Response("", status=422, mimetype="text/html"))
    framed = framed_mail(response)
    policy = framed.headers["Content-Security-Policy"].replace("style-src ", "style-src 'self' ", 1)
    framed.headers["Content-Security-Policy"] = policy
    framed.headers["Cache-Control"] = f"private, max-age={_DAY}"
    return framed


@thumbs.get("/<token>/colors.css")
@public
def colors(token: str) -> BaseResponse:
    """The partner's colours on such a page."""
    return Response(kit_thumb.stylesheet(token), mimetype="text/css")
