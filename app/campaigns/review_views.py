"""Reviews on the page: the vendor's queue and one review to answer, and for the partner where its campaign stands and how to ask.

Operations are in review.py and review_comments.py; what the pages show is gathered in review_page.py.
"""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.access import ADMINS, ANYONE, EDITORS, actor, member
from app.campaigns import review, review_comments, review_page, review_queries, review_terms
from app.campaigns.models import Campaign
from app.campaigns.queries import campaign_for, vendor_of
from app.campaigns.review_forms import AnswerForm, AskForm, CommentForm, DaysForm
from app.campaigns.review_models import ReviewComment, ReviewRound
from app.campaigns.tabs import tabs
from app.errors import AppError, Conflict, Invalid, Refused
from app.web.boundary import discard
from app.web.filters import plural
from app.web.navigation import register_count

bp = Blueprint("reviews", __name__)
blueprints = [bp]
register_count("reviews", lambda who: review_queries.waiting_count(who.organisation))

Answer = str | Response | tuple[str, int]


@bp.app_template_global("review_of")
def review_of(campaign: Campaign) -> review_page.PartnerView:
    """Where a campaign stands with its reviewer: for the banner on the campaign's pages."""
    kept: dict[int, review_page.PartnerView] = g.setdefault("reviews_shown", {})
    if campaign.id not in kept:
        kept[campaign.id] = review_page.for_partner(campaign)
    return kept[campaign.id]


@bp.get("/reviews")
@member(vendor=ANYONE)
def index() -> str:
    """What waits for an answer, the most urgent first, and what was answered."""
    return _index(DaysForm(formdata=None, days=review_queries.days_of(actor().organisation)))


@bp.post("/reviews/days")
@member(vendor=ADMINS)
def days() -> Answer:
    """Set in how many working days reviews are answered."""
    form = DaysForm()
    if not form.validate_on_submit():
        return _index(form), 422
    review_terms.set_days(actor(), form.days.data or 0)
    flash(
        f"From the next review on you promise an answer within {plural(form.days.data or 0, 'working day')}."
    )
    return redirect(url_for("reviews.index"), 303)


def _index(form: DaysForm) -> str:
    vendor = actor().organisation
    return render_template(
        "campaigns/review_index.html", form=form, waiting=review_queries.waiting(vendor), answered=review_queries.answered(vendor),
        usual=review_queries.usual_answer(vendor), days=review_queries.days_of(vendor),
    )  # fmt: skip


@bp.get("/reviews/<pid>")
@member(vendor=ANYONE)
def show(pid: str) -> str:
    """One review."""
    return _page(_round(pid), AnswerForm(formdata=None), CommentForm(formdata=None))


def _round(pid: str) -> ReviewRound:
    return review_queries.round_for(actor().organisation, pid)


def _page(row: ReviewRound, form: AnswerForm, comment_form: CommentForm, about: str = "") -> str:
    campaign = review_queries.campaign_of(row)
    page = review_page.for_reviewer(actor(), row, campaign, request.values.get("piece"))
    may = page.waits and actor().may_edit and not page.own
    return render_template(
        "campaigns/review_show.html", page=page, campaign=campaign, form=form, comment_form=comment_form, may=may, about=about,
    )  # fmt: skip


@bp.post("/reviews/<pid>/answer")
@member(vendor=EDITORS)
def answer(pid: str) -> Answer:
    """Approve, or ask for changes."""
    row, form = _round(pid), AnswerForm()
    if not form.validate_on_submit():
        return _page(row, form, CommentForm(formdata=None)), 422
    try:
        said = _decide(row, form)
    except Invalid as error:
        discard()
        form.refuse(error.fields)
        return _page(row, form, CommentForm(formdata=None)), 422
    except (Conflict, Refused) as error:
        return _told(error, url_for("reviews.show", pid=pid))
    flash(said)
    return redirect(url_for("reviews.index"), 303)


def _decide(row: ReviewRound, form: AnswerForm) -> str:
    words, name = form.answer.data or "", review_queries.campaign_of(row).name
    if request.form.get("decision") == "approve":
        review.approve(actor(), row, request.form.get("seen", ""), words, form.waiver.data or "")
        return f"“{name}” is approved. The partner has a mail and can launch it."
    asked = review.request_changes(actor(), row, words)
    what = plural(asked, "change") if asked else "changes"
    return f"You asked for {what} to “{name}”. The partner has a mail."


def _told(error: AppError, where: str) -> Response:
    """Nothing was kept, and the page they go to says why."""
    discard()
    flash(error.message, "error")
    return redirect(where, 303)


@bp.post("/reviews/<pid>/revoke")
@member(vendor=EDITORS)
def revoke(pid: str) -> Answer:
    """Take one's yes back before the launch."""
    row, form = _round(pid), AnswerForm()
    try:
        review.revoke(actor(), row, form.answer.data or "")
    except Invalid as error:
        discard()
        form.refuse(error.fields)
        return _page(row, form, CommentForm(formdata=None)), 422
    except (Conflict, Refused) as error:
        return _told(error, url_for("reviews.show", pid=pid))
    flash("The approval is taken back. The partner has a mail with your reason.")
    return redirect(url_for("reviews.show", pid=pid), 303)


@bp.post("/reviews/<pid>/take")
@member(vendor=EDITORS)
def take(pid: str) -> Response:
    """Have it oneself."""
    try:
        review.take(actor(), _round(pid))
    except (Conflict, Refused) as error:
        return _told(error, url_for("reviews.show", pid=pid))
    flash("It is yours now. Reminders come to you.")
    return redirect(url_for("reviews.show", pid=pid), 303)


@bp.post("/reviews/<pid>/comments")
@member(vendor=EDITORS)
def comment(pid: str) -> Answer:
    """Say something beside a field or a piece."""
    row, form, about = _round(pid), CommentForm(), request.form.get("about", "")
    if not form.validate_on_submit():
        return _page(row, AnswerForm(formdata=None), form, about), 422
    try:
        made = review_comments.add(actor(), row, about, form.text.data or "")
    except (Conflict, Refused, Invalid) as error:
        return _told(error, url_for("reviews.show", pid=pid))
    return redirect(
        url_for("reviews.show", pid=pid, piece=request.form.get("piece"), _anchor=f"c-{made.pid}"), 303
    )


_DEEDS = {
    "settle": review_comments.settle,
    "reopen": review_comments.reopen,
    "remove": review_comments.remove,
}


@bp.post("/reviews/comments/<comment>/<any(settle, reopen, remove):deed>")
@member(vendor=EDITORS, partner=EDITORS)
def on_comment(comment: str, deed: str) -> Response:
    """Settle a comment, open it again, or take out one's own that nobody has read."""
    row = review_queries.comment_for(actor().organisation, comment)
    where = _page_of(row, "" if deed == "remove" else f"c-{row.pid}")
    try:
        _DEEDS[deed](actor(), row)
    except (Conflict, Refused) as error:
        return _told(error, where)
    return redirect(where, 303)


@bp.post("/reviews/comments/<comment>/reply")
@member(partner=EDITORS)
def reply(comment: str) -> Response:
    """The partner answers a comment, and with the second button settles it too."""
    row = review_queries.comment_for(actor().organisation, comment)
    where = _page_of(row, f"c-{row.pid}")
    try:
        review_comments.reply(actor(), row, request.form.get("text", ""))
        if request.form.get("then") == "settle":
            review_comments.settle(actor(), row)
    except (Conflict, Refused, Invalid) as error:
        text = (
            next(iter(error.fields.values()), error.message) if isinstance(error, Invalid) else error.message
        )
        return _told(type(error)(text), where)
    return redirect(where, 303)


def _page_of(row: ReviewComment, anchor: str) -> str:
    campaign = review_queries.campaign_of(row)
    if actor().is_partner:
        return url_for("reviews.mine", campaign=campaign.pid, _anchor=anchor or None)
    return url_for("reviews.show", pid=review_queries.newest_of(campaign).pid, _anchor=anchor or None)


@bp.get("/campaigns/<campaign>/review")
@member(partner=ANYONE)
def mine(campaign: str) -> str:
    """Where one's campaign stands with its reviewer."""
    return _mine(campaign_for(actor().organisation, campaign), AskForm(formdata=None))


def _mine(campaign: Campaign, form: AskForm) -> str:
    view = review_page.for_partner(campaign)
    return render_template(
        "campaigns/review_mine.html", campaign=campaign, view=view, form=form, vendor=vendor_of(campaign),
        days=review_queries.days_of(vendor_of(campaign)), changed=review.compared(campaign), since=review_page.since_last(view),
        history=review_page.history(view.standing.rounds), tabs=tabs(campaign), missing=review.missing(campaign) if view.standing.blocks else [],
    )  # fmt: skip


@bp.post("/campaigns/<campaign>/review")
@member(partner=EDITORS)
def ask(campaign: str) -> Answer:
    """Ask the vendor for its yes."""
    row, form = campaign_for(actor().organisation, campaign), AskForm()
    if not form.validate_on_submit():
        return _mine(row, form), 422
    here = url_for("reviews.mine", campaign=row.pid)
    try:
        made = review.ask(actor(), row, form.note.data or "")
    except (Conflict, Refused) as error:
        return _told(error, here)
    flash(
        f"It is with {review_page.for_partner(row).holder} now, and an answer is due within {plural(made.days, 'working day')}."
    )
    return redirect(here, 303)


@bp.post("/campaigns/<campaign>/review/take-back")
@member(partner=EDITORS)
def take_back(campaign: str) -> Response:
    """Take it back, to change it."""
    row = campaign_for(actor().organisation, campaign)
    try:
        review.withdraw_request(actor(), row)
    except (Conflict, Refused) as error:
        return _told(error, url_for("reviews.mine", campaign=row.pid))
    flash("It is a draft again. Change what you like, then ask again.")
    return redirect(url_for("campaigns.words", pid=row.pid), 303)
