"""The pages of segments: all of them, the builder with its live count, copy, delete, export."""

from flask import Blueprint, Response, flash, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ADMINS, ANYONE, EDITORS, actor, member
from app.audience import builder, mailable, queries, read_rules
from app.audience import segments as store
from app.audience.export import to_csv
from app.audience.models import Segment
from app.audience.people import People
from app.audience.read_rules import Draft, Known
from app.audience.rule_words import sentence
from app.audience.rules import Rules
from app.clock import now
from app.db import begin_reading, get_or_404
from app.errors import Invalid
from app.flows import whom

segments = Blueprint("segments", __name__, url_prefix="/contacts/segments")

Answer = str | BaseResponse | tuple[str, int]
VERDICTS = 100_000  # above this nobody is judged one by one while the page is built


@segments.get("")
@member(partner=ANYONE)
def index() -> Answer:
    """Every segment with its rules in words and its people now."""
    partner = actor().organisation
    known = read_rules.known_of(partner, whom.campaigns_to_name(partner))
    rows = [
        (each, sentence(Rules.from_json(each.segment.rules), known), whom.users_of(partner, each.segment))
        for each in store.counted(partner)
    ]
    return render_template("audience/segments.html", rows=rows)


@segments.route("/new", methods=["GET", "POST"])
@member(partner=EDITORS)
def new() -> Answer:
    """Build one."""
    return _build(None)


@segments.route("/<pid>", methods=["GET", "POST"])
@member(partner=EDITORS)
def edit(pid: str) -> Answer:
    """Change one; campaigns that were launched keep the rules they were launched with."""
    return _build(get_or_404(actor().organisation, Segment, pid))


@segments.post("/<pid>/copy")
@member(partner=EDITORS)
def copy(pid: str) -> Answer:
    """Another one with the same rules."""
    made = store.copy(actor(), get_or_404(actor().organisation, Segment, pid))
    flash(f"“{made.name}” has the same rules.")
    return redirect(url_for("segments.edit", pid=made.pid), 303)


@segments.post("/<pid>/delete")
@member(partner=EDITORS)
def delete(pid: str) -> Answer:
    """Delete one that no campaign needs any more."""
    segment = get_or_404(actor().organisation, Segment, pid)
    whom.delete_segment(actor(), segment)
    flash(f"“{segment.name}” is deleted. The contacts stay.")
    return redirect(url_for("segments.index"), 303)


@segments.get("/<pid>/export.csv")
@member(partner=ADMINS)
def export(pid: str) -> Answer:
    """Its people now, as a file."""
    partner = actor().organisation
    rules = Rules.from_json(get_or_404(partner, Segment, pid).rules)
    rows = queries.every_one_of(partner, People(rules=rules, as_of=now()))
    return Response(
        stream_with_context(to_csv(rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename=segment-{now():%Y-%m-%d}.csv"},
    )


def _build(segment: Segment | None) -> Answer:
    partner = actor().organisation
    known = read_rules.known_of(partner, whom.campaigns_to_name(partner))
    if request.method == "GET":
        draft = read_rules.draft_of(Rules.from_json(segment.rules), known) if segment else Draft()
        return _page(segment, draft, known, segment.name if segment else "", {})
    draft, name = read_rules.read(request.form, known), request.form.get("name", "")
    what = request.form.get("do", "count")
    if what == "save":
        return _save(segment, draft, known, name)
    if what != "count":
        draft = builder.pressed(draft, what)
    begin_reading()  # counting takes long enough that nobody should wait for it
    return _page(segment, draft, known, name, {}, partly=bool(request.headers.get("HX-Request")))


def _save(segment: Segment | None, draft: Draft, known: Known, name: str) -> Answer:
    try:
        if draft.error:
            raise Invalid("It isn’t saved.", {"rules": "Mend the condition that is marked first."})
        saved = store.save(actor(), segment, name, draft.rules)
    except Invalid as error:
        return _page(segment, draft, known, name, error.fields), 422
    flash(f"“{saved.name}” is saved. It is worked out anew whenever it is used.")
    return redirect(url_for("segments.edit", pid=saved.pid), 303)


def _page(
    segment: Segment | None,
    draft: Draft,
    known: Known,
    name: str,
    errors: dict[str, str],
    partly: bool = False,
) -> str:
    partner = actor().organisation
    rules = draft.rules
    people = People(rules=rules, as_of=now())
    total = store.count(partner, rules)
    return render_template(
        "audience/_segment_inside.html" if partly else "audience/segment.html",
        segment=segment,
        draft=draft,
        name=name,
        errors=errors,
        total=total,
        counted=mailable.count(partner, None, people) if total <= VERDICTS else None,
        subjects=builder.subjects(known),
        groups=builder.clauses(draft, known, store.after_each(partner, rules, total)),
        campaigns=known.campaigns,
        words=sentence(rules, known),
        is_empty=not rules.conditions,
        drawn=store.sample(partner, people, total),
        at=now(),
        users=whom.users_of(partner, segment) if segment else [],
        may_group=len(draft.boxes) < read_rules.MOST_GROUPS,
    )
