"""The three steps of an import: the file, its columns and consent, the run with what was refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Any, BinaryIO
from typing import cast as typed

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.audience import columns, importing, queries, refused
from app.audience.columns import Becomes
from app.audience.decode import NAMES
from app.audience.forecast import MOST_ROWS, Forecast, first_rows, forecast
from app.audience.forms import REASONS, ConfirmForm, UploadForm, mapping_of
from app.audience.lists import lists_of
from app.audience.models import ContactImport, ImportStatus
from app.audience.table import DELIMITERS
from app.clock import now
from app.db import get_or_404
from app.errors import Conflict, Invalid, NotFound

imports = Blueprint("imports", __name__, url_prefix="/contacts/imports")

Answer = str | BaseResponse | tuple[str, int]
SHOWN_REFUSALS = 25


@dataclass(frozen=True)
class Column:
    """One row of the mapping table."""

    number: int
    name: str
    samples: list[str]
    becomes: Becomes
    note: str


@imports.get("")
@member(partner=ANYONE)
def index() -> Answer:
    """Every import so far."""
    rows = queries.imports(actor().organisation)
    return render_template(
        "audience/imports.html", rows=rows, names=queries.names_of([row.created_by for row in rows])
    )


@imports.route("/new", methods=["GET", "POST"])
@member(partner=EDITORS)
def new() -> Answer:
    """The first step: take a file and read it from end to end."""
    form = UploadForm()
    if request.method == "GET":
        return render_template("audience/upload.html", form=form)
    if form.validate():
        try:
            file = form.upload()
            imp = importing.start(actor(), file.filename or "", typed(BinaryIO, file.stream))
        except Invalid as error:
            form.refuse(error.fields)
        else:
            return redirect(url_for("imports.show", pid=imp.pid), 303)
    return render_template("audience/upload.html", form=form), 422


@imports.get("/<pid>")
@member(partner=ANYONE)
def show(pid: str) -> Answer:
    """The second step while nobody has confirmed it, then the run."""
    imp = _import(pid)
    if imp.status is not ImportStatus.MAPPING:
        return render_template("audience/run.html", **_run(imp))
    if not actor().may_edit:
        return redirect(url_for("imports.index"), 303)
    form = ConfirmForm(formdata=None, list_name=_list_name(imp))
    return _mapping_page(imp, form, columns.from_json(imp.mapping, len(imp.layout["header"])))


@imports.post("/<pid>")
@member(partner=EDITORS)
def confirm(pid: str) -> Answer:
    """The second step's answers: the import begins."""
    imp = _import(pid)
    form = ConfirmForm()
    if request.form.get("sheet", "") != imp.layout.get("sheet", ""):
        raise Conflict("Another sheet was chosen meanwhile. Load the page again.")
    mapping = mapping_of(request.form, len(imp.layout["header"]))
    plan = form.plan()
    wrong: dict[str, str] = {}
    valid = form.validate()
    if plan is None:
        wrong["why"] = "Say why you may mail them."
    elif valid:
        try:
            importing.confirm(actor(), imp, mapping, plan, form.list_name.data or "")
        except Invalid as error:
            wrong = error.fields
        else:
            return redirect(url_for("imports.show", pid=pid), 303)
    form.refuse({name: text for name, text in wrong.items() if name != "mapping"})
    return _mapping_page(imp, form, mapping, wrong.get("mapping")), 422


@imports.post("/<pid>/sheet", endpoint="sheet")
@member(partner=EDITORS)
def choose_sheet(pid: str) -> Answer:
    """Read another sheet of a workbook; the mapping begins anew."""
    imp = _import(pid)
    try:
        importing.choose_sheet(imp, request.form.get("sheet", ""))
    except Invalid as error:
        form = ConfirmForm(formdata=None, list_name=_list_name(imp))
        mapping = columns.from_json(imp.mapping, len(imp.layout["header"]))
        told = f"“{request.form.get('sheet', '')[:100]}” can’t be read. {error.message}"
        return _mapping_page(imp, form, mapping, sheet_fault=told), 422
    return redirect(url_for("imports.show", pid=pid), 303)


@imports.post("/<pid>/forecast", endpoint="forecast")
@member(partner=EDITORS)
def count_again(pid: str) -> Answer:
    """What would happen with the answers so far, for the side of the mapping page. Writes nothing."""
    imp = _import(pid)
    form = ConfirmForm()
    mapping = mapping_of(request.form, len(imp.layout["header"]))
    found = forecast(actor().organisation, imp, mapping, form.plan())
    return render_template(
        "audience/_forecast.html", imp=imp, forecast=found, most_rows=MOST_ROWS, fault=columns.check(mapping)
    )


@imports.get("/<pid>/progress")
@member(partner=ANYONE)
def progress(pid: str) -> Answer:
    """The run page's live part; it stops asking when the import has ended."""
    return render_template("audience/_run.html", **_run(_import(pid)))


@imports.post("/<pid>/stop")
@member(partner=EDITORS)
def stop(pid: str) -> Answer:
    """End a running import here, or drop one that was never confirmed."""
    imp = _import(pid)
    unconfirmed = imp.status is ImportStatus.MAPPING
    importing.stop(actor(), imp)
    if unconfirmed:
        flash("Left out. Nothing came in.")
        return redirect(url_for("imports.index"), 303)
    flash("Stopped. What is in stays; the rest doesn’t come.")
    return redirect(url_for("imports.show", pid=pid), 303)


@imports.get("/<pid>/refused.csv", endpoint="refused")
@member(partner=ANYONE)
def refused_rows(pid: str) -> Answer:
    """The refused rows as a file, each with its line, reason and mend."""
    imp = _import(pid)
    if not imp.refused_parts or imp.purged_at:
        raise NotFound()
    data = b"".join(refused.download(imp, imp.layout["header"]))
    name = f"refused-{imp.created_at:%Y-%m-%d}.csv"
    return Response(
        data, mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"}
    )


def _import(pid: str) -> ContactImport:
    return get_or_404(actor().organisation, ContactImport, pid)


def _list_name(imp: ContactImport) -> str:
    lists = lists_of(actor().organisation)
    return lists[0][0].name if len(lists) == 1 else PurePath(imp.filename).stem[:120]


def _mapping_page(
    imp: ContactImport,
    form: ConfirmForm,
    mapping: list[Becomes],
    fault: str | None = None,
    sheet_fault: str | None = None,
) -> str:
    partner = actor().organisation
    found = forecast(partner, imp, mapping, form.plan())
    layout = imp.layout
    return render_template(
        "audience/mapping.html",
        imp=imp,
        form=form,
        columns=_columns(imp, mapping, found),
        choices=list(Becomes),
        reasons=REASONS,
        known=sum(becomes is not Becomes.LEAVE_OUT for becomes in mapping),
        forecast=found,
        most_rows=MOST_ROWS,
        fault=fault or columns.check(mapping),
        shows_fault=fault is not None,
        sheet_fault=sheet_fault,
        lists=lists_of(partner),
        read_as=_read_as(layout),
        today=now(),
    )


def _read_as(layout: Mapping[str, Any]) -> str:
    if layout.get("sheet"):
        return f"the sheet “{layout['sheet']}” of a workbook"
    return f"{NAMES[layout['encoding']]}, separated by {DELIMITERS[layout['delimiter']]}"


def _columns(imp: ContactImport, mapping: list[Becomes], found: Forecast | None) -> list[Column]:
    samples = first_rows(imp)
    rows = []
    for number, (name, becomes) in enumerate(zip(imp.layout["header"], mapping, strict=True)):
        rows.append(Column(number, name, samples[number], becomes, _note(name, becomes, found)))
    return rows


def _note(name: str, becomes: Becomes, found: Forecast | None) -> str:
    if becomes is Becomes.EMAIL and found:
        return f"{found.rows - found.bad_addresses:,} of {found.rows:,} rows can be read"
    if becomes is Becomes.CONSENT_DATE:
        return "Read as month/day/year" if actor().organisation.country == "US" else "Read as day-month-year"
    if becomes is Becomes.LEAVE_OUT and columns.is_free_text(name):
        return "Free text may hold private things"
    if becomes is Becomes.OPTED_OUT:
        return "A yes keeps them out of every mail"
    return ""


def _run(imp: ContactImport) -> dict[str, object]:
    partner = actor().organisation
    names = queries.names_of([imp.created_by])
    return {
        "imp": imp,
        "into": queries.list_of_import(partner, imp),
        "by": names.get(typed(int, imp.created_by), "the operator"),
        "reasons": {str(why): title for why, title, _ in REASONS},
        "refusals": [] if imp.purged_at else refused.first(imp, SHOWN_REFUSALS),
        "email_at": next(
            (int(number) for number, becomes in imp.mapping.items() if becomes == Becomes.EMAIL), 0
        ),
        "given_on": date.fromisoformat(imp.consent["given_on"]) if imp.consent.get("given_on") else None,
        "lives": imp.status in (ImportStatus.WAITING, ImportStatus.IMPORTING),
        "now": now(),
        "chunk": importing.CHUNK,
    }
