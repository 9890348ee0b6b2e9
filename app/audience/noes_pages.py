"""Who may not be mailed: a partner's own noes, or a vendor's that hold for all its partners. Numbers and single answers, never a list of people."""

from collections.abc import Iterator
from typing import BinaryIO
from typing import cast as typed

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import StringField, TextAreaField
from wtforms.validators import Optional

from app.accounts.access import ADMINS, ANYONE, EDITORS, actor, member
from app.audience import noes, noes_upload
from app.audience.address import BadAddress, normalise
from app.audience.models import SuppressionScope, SuppressionUpload, UploadStatus
from app.clock import now
from app.db import get_or_404
from app.errors import Invalid, Refused
from app.web.csv import csv_response
from app.web.forms import FileField, Form, stripped

bp = Blueprint("noes", __name__, url_prefix="/noes")

Answer = str | BaseResponse | tuple[str, int]
_LIVES = (UploadStatus.WAITING, UploadStatus.READING)


class AddForm(Form):
    """Addresses pasted, or a file of them."""

    addresses = TextAreaField("Addresses, one a line", filters=[stripped])
    file = FileField("Or a file of addresses", [Optional()], kinds=(".csv", ".txt", ".tsv"), most=120_000_000)


class AskForm(Form):
    """One address to look up."""

    email = StringField("Email address", filters=[stripped])


@bp.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> Answer:
    """How many, by reason and over time; one address to ask about; what was added."""
    return _page()


@bp.post("/ask")
@member(vendor=ANYONE, partner=ANYONE)
def ask() -> Answer:
    """Is this address on it: by POST, so that no address stands in a log of requests."""
    form = AskForm()
    try:
        email = normalise(form.email.data or "")
    except BadAddress as error:
        form.refuse({"email": f"{error.message}. {error.mend}."})
        return _page(ask_form=form), 422
    holder = noes.holder_of(actor().organisation)
    rows = noes.look_up(holder, email)
    return _page(
        ask_form=form, asked=email, found=rows, by_hand=any(noes.is_by_hand(holder, r) for r in rows)
    )


@bp.post("/take-back")
@member(vendor=EDITORS, partner=EDITORS)
def take_back() -> Answer:
    """Take back what was added by hand for one address."""
    try:
        noes.take_back(actor(), normalise(request.form.get("email", "")))
    except Refused as error:
        flash(error.message, "error")
    else:
        flash("Taken back.")
    return redirect(url_for("noes.index"), 303)


@bp.post("")
@member(vendor=EDITORS, partner=EDITORS)
def add() -> Answer:
    """Add pasted addresses at once, or a file by a job."""
    form = AddForm()
    if not form.validate():
        return _page(add_form=form), 422
    try:
        if form.file.data and form.file.data.filename:
            upload = noes_upload.start(
                actor(), form.file.data.filename, typed(BinaryIO, form.file.data.stream)
            )
        else:
            upload = noes_upload.paste(actor(), form.addresses.data or "")
    except Invalid as error:
        form.refuse(error.fields)
        return _page(add_form=form), 422
    return redirect(url_for("noes.show", pid=upload.pid), 303)


@bp.get("/uploads/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> Answer:
    """How far a file is, and what came of it."""
    return render_template("audience/noes_upload.html", **_upload(pid))


@bp.get("/uploads/<pid>/progress")
@member(vendor=ANYONE, partner=ANYONE)
def progress(pid: str) -> Answer:
    """The part of that page that moves; it stops asking at the end."""
    return render_template("audience/_noes_upload.html", **_upload(pid))


@bp.post("/uploads/<pid>/take-back")
@member(vendor=EDITORS, partner=EDITORS)
def take_back_upload(pid: str) -> Answer:
    """Take back what one file added."""
    upload = get_or_404(actor().organisation, SuppressionUpload, pid)
    gone = noes_upload.take_back(actor(), upload)
    flash(f"Taken back: {gone:,}. Who said no themselves meanwhile stays.")
    return redirect(url_for("noes.show", pid=pid), 303)


@bp.get("/export.csv")
@member(partner=ADMINS)
def export() -> Answer:
    """The contacts who may not be mailed because of a no: all that can be exported of hashes."""
    head = ("email", "first_name", "last_name", "company", "said_no_to", "reason", "since")
    return csv_response(f"may-not-be-mailed-{now():%Y-%m-%d}.csv", head, _rows())


def _rows() -> Iterator[tuple[object, ...]]:
    for found in noes.matches(actor().organisation):
        c = found.contact
        yield c.email, c.first_name, c.last_name, c.company, found.whom, noes.REASONS[found.reason], found.at


def _upload(pid: str) -> dict[str, object]:
    upload = get_or_404(actor().organisation, SuppressionUpload, pid)
    return {"upload": upload, "lives": upload.status in _LIVES, "now": now(), "nav_key": _nav()}


def _nav() -> str:
    return "partners" if actor().is_vendor else "contacts"


def _page(add_form: AddForm | None = None, ask_form: AskForm | None = None, **answer: object) -> str:
    holder = noes.holder_of(actor().organisation)
    return render_template(
        "audience/noes.html",
        counts=noes.counts(holder),
        reasons=noes.REASONS,
        in_short=noes.IN_SHORT,
        add_form=add_form or AddForm(formdata=None),
        ask_form=ask_form or AskForm(formdata=None),
        uploads=noes_upload.uploads(actor()),
        asked=answer.get("asked"),
        found=answer.get("found") or [],
        by_hand=answer.get("by_hand", False),
        platform=SuppressionScope.PLATFORM,
        nav_key=_nav(),
        most_pasted=noes_upload.MOST_PASTED,
    )
