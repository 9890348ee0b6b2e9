"""What a partner holds on one person: looked at, handed out as a file, erased with a receipt. Found by contact or by address."""

import json

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ADMINS, actor, member
from app.audience import queries
from app.audience.address import BadAddress
from app.audience.models import Erasure
from app.db import get_or_404
from app.errors import Refused
from app.flows import person_data, person_erase
from app.flows.person_ties import Subject

bp = Blueprint("people", __name__, url_prefix="/contacts/people")

Answer = str | BaseResponse | tuple[str, int]


@bp.get("")
@member(partner=ADMINS)
def index() -> Answer:
    """Ask for a person by address; the receipts of those erased so far."""
    return _index()


@bp.post("")
@member(partner=ADMINS)
def find() -> Answer:
    """What is held on an address: sent by POST, so that no address stands in a log of requests."""
    try:
        person = person_data.about(actor().organisation, request.form.get("email", ""))
    except BadAddress as error:
        return _index(f"{error.message}. {error.mend}."), 422
    return _page(person)


@bp.get("/<pid>")
@member(partner=ADMINS)
def show(pid: str) -> Answer:
    """What is held on a contact."""
    person = person_data.about_contact(actor().organisation, queries.contact(actor().organisation, pid))
    return _page(person)


@bp.post("/export")
@member(partner=ADMINS)
def export() -> Answer:
    """All of it as a JSON file for the person."""
    person = _named()
    text = json.dumps(person_data.export(actor(), person), ensure_ascii=False, indent=2)
    return Response(
        text,
        mimetype="application/json",
        headers={
            "Content-Disposition": "attachment; filename=what-we-hold.json",
            "Cache-Control": "no-store",
        },
    )


@bp.post("/erase")
@member(partner=ADMINS)
def erase() -> Answer:
    """Erase the person everywhere, and show the receipt."""
    person = _named()
    if request.form.get("sure") != "yes":
        return _page(person, "Tick the box: it can’t be taken back."), 422
    try:
        receipt = person_erase.erase(actor(), person)
    except Refused as error:
        return _page(person, error.message), 409
    flash("Erased. This is the receipt.")
    return redirect(url_for("people.receipt", pid=receipt.pid), 303)


@bp.get("/receipts/<pid>")
@member(partner=ADMINS)
def receipt(pid: str) -> Answer:
    """What was erased, where, how many, when and by whom."""
    row = get_or_404(actor().organisation, Erasure, pid)
    return render_template("audience/receipt.html", row=row, by=queries.names_of([row.person_id]))


@bp.get("/receipts/<pid>.json")
@member(partner=ADMINS)
def receipt_file(pid: str) -> Answer:
    """The receipt as a file."""
    row = get_or_404(actor().organisation, Erasure, pid)
    told = {
        "receipt": row.number,
        "held_by": actor().organisation.name,
        "address": row.masked,
        "fingerprint": row.address_hash,
        "erased_at": row.at.isoformat(),
        "erased_by": queries.names_of([row.person_id]).get(row.person_id or 0, ""),
        "places": row.places,
        "vendors_to_tell": row.told,
    }
    return Response(
        json.dumps(told, ensure_ascii=False, indent=2),
        mimetype="application/json",
        headers={"Content-Disposition": f"attachment; filename={row.number}.json"},
    )


def _named() -> Subject:
    return person_data.about(actor().organisation, request.form.get("email", ""))


def _index(problem: str = "") -> str:
    rows = person_erase.receipts(actor().organisation)
    return render_template(
        "audience/people.html",
        receipts=rows,
        by=queries.names_of([row.person_id for row in rows]),
        problem=problem,
        typed=request.form.get("email", ""),
    )


def _page(person: Subject, problem: str = "") -> str:
    found = person_data.holdings(person)
    shown = {place.key: person_data.shown(person, place.key) for place in found.places}
    return render_template("audience/person.html", person=person, found=found, shown=shown, problem=problem)
