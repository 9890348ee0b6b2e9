"""Step 1 of a campaign: the kit's slots in the partner's words, beside a preview that follows every change."""

from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.assets.brand import gaps, logo_of
from app.assets.colors import pairs
from app.assets.queries import media_url
from app.assets.upload import add_image
from app.campaigns import preview, send_test, subject_test, words
from app.campaigns.blueprint import bp
from app.campaigns.forms import PREFIX, SubjectForm, groups
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared, source
from app.campaigns.queries import campaign_for
from app.campaigns.steps import steps
from app.campaigns.subject_test import SubjectTest
from app.errors import Invalid, TooMany
from app.kits.pieces import KitSource, Slot, SlotType, StepAct
from app.kits.step_words import when, whom
from app.render.errors import RenderError

Answer = str | Response | tuple[str, int]


@dataclass
class Typed:
    """What came with the form: raw values by slot, and a sentence for each upload that was refused."""

    raw: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    changed_pictures: set[str] = field(default_factory=set)


@bp.get("/<pid>/words", endpoint="words")
@member(partner=ANYONE)
def show_words(pid: str) -> Answer:
    """The editor."""
    return _page(campaign_for(actor().organisation, pid), Typed())


@bp.post("/<pid>/words")
@member(partner=EDITORS)
def save_words(pid: str) -> Answer:
    """Save what was typed. While typing (htmx) the preview and the fields' errors come back, else the page or the next one.

    What is right is saved though something beside it is wrong: such an answer is the page with the errors, and a success (200).
    """
    campaign = campaign_for(actor().organisation, pid)
    words.must_be_open(campaign)
    made = source(campaign)
    typed = _typed(made.kit)
    typed.errors.update(
        words.save(actor(), campaign, {k: v for k, v in typed.raw.items() if k not in typed.errors})
    )
    if request.headers.get("HX-Request"):
        return render_template("campaigns/_saved.html", **_context(campaign, typed))
    if typed.errors:
        return _page(campaign, typed)
    if request.form.get("then") == "test":
        return _send_test(campaign, made.kit)
    if request.form.get("then") == "audience":
        return redirect(url_for("campaigns.audience", pid=campaign.pid))
    flash("Saved.")
    return redirect(
        url_for("campaigns.words", pid=campaign.pid, piece=_asked_piece(), person=_asked_person())
    )


def _send_test(campaign: Campaign, kit: KitSource) -> Answer:
    shown = preview.chosen(kit, _asked_piece())
    known = send_test.versions(source(campaign), campaign)
    mine = [version.key for version in known if shown and version.piece.name == shown.name]
    try:
        sent = send_test.send(actor(), campaign, mine[:1] or None)
    except (RenderError, TooMany) as error:
        flash(f"No test was sent. {error.message}", "error")
    else:
        flash(f"Saved. A test is on its way to {sent[0].recipient}.")
    return redirect(
        url_for("campaigns.words", pid=campaign.pid, piece=_asked_piece(), person=_asked_person())
    )


@bp.post("/<pid>/test")
@member(partner=EDITORS)
def plan_test(pid: str) -> Answer:
    """Plan a test of the subject line: one that comes with the kit, or two lines of the partner's own."""
    campaign = campaign_for(actor().organisation, pid)
    words.must_be_open(campaign)
    form = SubjectForm()
    try:
        if name := request.form.get("kit_test"):
            subject_test.plan_from_kit(actor(), campaign, name)
        elif form.validate_on_submit():
            subject_test.plan_own(
                actor(),
                campaign,
                request.form.get("email", ""),
                [form.subject_a.data or "", form.subject_b.data or ""],
            )
        else:
            raise Invalid("The test is not planned yet.")
    except Invalid as error:
        form.refuse(error.fields)
        return _page(campaign, Typed(), form), 422
    flash("The test is planned. Half of your people get A, half get B, by lot.")
    return redirect(url_for("campaigns.words", pid=campaign.pid, _anchor="test"))


@bp.post("/<pid>/test/remove")
@member(partner=EDITORS)
def remove_test(pid: str) -> Answer:
    """Take the planned test out."""
    campaign = campaign_for(actor().organisation, pid)
    subject_test.remove(actor(), campaign)
    flash("The test is taken out. Everyone gets the same subject line.")
    return redirect(url_for("campaigns.words", pid=campaign.pid, _anchor="test"))


def _page(campaign: Campaign, typed: Typed, subject_form: SubjectForm | None = None) -> str:
    made = source(campaign)
    planned = subject_test.of(campaign)
    first = next(iter(preview.in_order(made.kit)), None)
    return render_template(
        "campaigns/words.html",
        steps=steps(campaign),
        test=planned,
        said=_said(made, planned),
        offered=[
            (spec, preview.subjects(made, spec.email, subject_test.subjects(spec)))
            for spec in subject_test.offered(made.kit)
        ],
        subject_form=subject_form or SubjectForm(formdata=None),
        test_email=first,
        sequence=_sequence(made.kit),
        **_context(campaign, typed),
    )


def _sequence(kit: KitSource) -> list[dict[str, str | bool]]:
    """What goes out when and to whom, each with its preview; empty where there is one mail only."""
    return [
        {
            "title": email.title,
            "when": when(step),
            "whom": f"To {whom(step.unless, step.only)}" if step.day else "To everyone who may be mailed",
            "key": f"email/{email.name}",
            "asks": bool({*step.unless, *step.only} - {StepAct.SUBMITTED}),
        }
        for step in kit.steps
        if len(kit.steps) > 1 and (email := kit.email(step.email))
    ]


def _said(made: Prepared, planned: SubjectTest | None) -> dict[str, str]:
    """The test's subject lines as people read them, by label."""
    if planned is None:
        return {}
    lines = preview.subjects(made, planned.experiment.email, planned.subjects, _asked_person())
    return {variant.label: line for variant, line in zip(planned.variants, lines, strict=True)}


def _context(campaign: Campaign, typed: Typed) -> dict[str, Any]:
    """What the editor and its answers while typing both show."""
    made = source(campaign)
    kit, brand, organisation = made.kit, made.brand, actor().organisation
    shown = preview.chosen(kit, _asked_piece())
    logo = logo_of(organisation, brand)
    return {
        "campaign": campaign,
        "kit": kit,
        "vendor": made.vendor,
        "version": made.version,
        "groups": groups(kit, words.stored(campaign, kit), typed.raw, typed.errors),
        "errors": typed.errors,
        "changed_pictures": typed.changed_pictures,
        "missing": words.missing_slots(campaign, kit),
        "open": campaign.status in words.OPEN and actor().may_edit,
        "brand": brand,
        "brand_gaps": gaps(brand),
        "logo": media_url(logo) if logo else None,
        "pairs": pairs(brand.primary_color, brand.call_color) if brand else [],
        "pieces": preview.pieces(kit),
        "shown": shown,
        "person": _asked_person(),
        "people": preview.PEOPLE_LABELS,
        **_frames(campaign, shown),
    }


def _frames(campaign: Campaign, shown: preview.Piece | None) -> dict[str, Any]:
    """Addresses of the frames and the inbox line; `failure` says in words why a piece can't be shown."""
    if shown is None:
        return {"src": None, "dark": None, "inbox": None, "failure": "This kit has nothing to show."}
    person = _asked_person()
    if shown.kind == "page":
        return {"src": preview.address(campaign, shown), "dark": None, "inbox": None, "failure": None}
    try:
        line = preview.inbox(source(campaign), shown.name, person)
    except RenderError as error:
        return {"src": None, "dark": None, "inbox": None, "failure": error.message}
    dark = preview.address(campaign, shown, dark=True, person=person)
    return {
        "src": preview.address(campaign, shown, person=person),
        "dark": dark,
        "inbox": line,
        "failure": None,
    }


def _asked_piece() -> str | None:
    return request.values.get("piece")


def _asked_person() -> str:
    asked = request.values.get("person", "known")
    return asked if asked in preview.PEOPLE else "known"


def _typed(kit: KitSource) -> Typed:
    """The slots that came with the form; a picture is taken into the library first, so that it survives a missing description."""
    typed = Typed()
    for key in request.form:
        name = key.removeprefix(PREFIX)
        if key.startswith(PREFIX) and "." not in name:
            typed.raw[name] = request.form[key]
    for slot in kit.slots:
        if slot.type is SlotType.IMAGE and f"{PREFIX}{slot.name}.alt" in request.form:
            _picture(slot, typed)
    return typed


def _picture(slot: Slot, typed: Typed) -> None:
    base = PREFIX + slot.name
    file = request.files.get(f"{base}.file")
    asset = request.form.get(f"{base}.asset", "")
    alt = request.form.get(f"{base}.alt", "")
    if file and file.filename:
        try:
            asset = add_image(actor(), file.filename, file.read()).pid
        except Invalid as error:
            typed.errors[slot.name] = error.message
        typed.changed_pictures.add(slot.name)
    elif request.form.get(f"{base}.remove"):
        asset = ""
        typed.changed_pictures.add(slot.name)
    typed.raw[slot.name] = words.picture(actor(), {"asset": asset, "alt": alt})
