"""Step 1 of a campaign: the kit's slots in the partner's words, beside a preview that follows every change."""

from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.assets.upload import add_image
from app.campaigns import editor_page, newer, pictures, preview, send_test, subject_test, unsaved, words
from app.campaigns.blueprint import bp
from app.campaigns.editor_page import Asked
from app.campaigns.example_people import choice
from app.campaigns.forms import PREFIX, SubjectForm, Typed
from app.campaigns.models import Campaign
from app.campaigns.prepare import source
from app.campaigns.queries import campaign_for, vendor_of
from app.db import begin_reading, db
from app.errors import Invalid, TooMany
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.queries import kit_source, version_by_id
from app.kits.slots import SlotError
from app.render.errors import RenderError

Answer = str | Response | tuple[str, int]
SEEN = "seen-"


@dataclass
class Came:
    """What came with the form: raw values by slot, the marks of the words it showed, a sentence for each refused upload."""

    raw: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    changed_pictures: set[str] = field(default_factory=set)


@bp.get("/<pid>/words", endpoint="words")
@member(partner=ANYONE)
def show_words(pid: str) -> Answer:
    """The editor, with what the actor typed before and could not be saved."""
    return _page(campaign_for(actor().organisation, pid))


@bp.get("/<pid>/preview")
@member(partner=ANYONE)
def show_preview(pid: str) -> Answer:
    """The preview of one piece, as one person gets it: for the choices beside it."""
    campaign = campaign_for(actor().organisation, pid)
    shown = editor_page.seen(actor(), campaign, _asked())
    open_ = campaign.status in words.CHANGEABLE and actor().may_edit
    return render_template("campaigns/_preview.html", open=open_, **shown)


@bp.get("/<pid>/people")
@member(partner=ANYONE)
def find_people(pid: str) -> Answer:
    """The contacts that hold the words one is looking for, as choices."""
    campaign = campaign_for(actor().organisation, pid)
    asked = _asked()
    found = choice(actor().organisation, campaign, asked.person, asked.find)
    return render_template("campaigns/_people.html", campaign=campaign, who=found, find=asked.find)


@bp.post("/<pid>/words")
@member(partner=EDITORS)
def save_words(pid: str) -> Answer:
    """Save what was typed. While typing (htmx) the preview and the fields' errors come back, else the page or the next one.

    What is right is saved though something beside it is wrong: such an answer is the page with the errors, and a success (200).
    """
    campaign = campaign_for(actor().organisation, pid)
    kit = kit_source(version_by_id(campaign.kit_version_id))
    came = _came(kit)
    _chosen_sides(campaign, came)
    if pid_of_brand := request.form.get("brand"):
        words.choose_brand(actor(), campaign, pid_of_brand)
    typed, elsewhere = _saved(campaign, came)
    if request.headers.get("HX-Request"):
        begin_reading()  # a preview takes longer than a saving, and others save meanwhile
        shown = editor_page.saved(actor(), campaign, _asked(), typed)
        return render_template("campaigns/_saved.html", fresh={*elsewhere, *came.changed_pictures}, **shown)
    if request.form.get("reset") or request.form.get("then") in _TURNS:
        return _turned(campaign, kit)
    if typed.errors:
        return _page(campaign, typed)
    match request.form.get("then"):
        case "test":
            return _send_test(campaign, kit)
        case "audience":
            return redirect(url_for("campaigns.audience", pid=campaign.pid))
        case "preview":
            return _back(campaign, "preview")
    flash("Saved.")
    return _back(campaign)


def _saved(campaign: Campaign, came: Came) -> tuple[Typed, tuple[str, ...]]:
    """Store what is right, remember what isn't. Returns what isn't, and the slots that somebody else changed meanwhile."""
    given = {name: value for name, value in came.raw.items() if name not in came.errors}
    outcome = words.apply(actor(), campaign, given, came.seen)
    errors = {**outcome.errors, **came.errors}
    unsaved.keep(actor(), campaign, came.raw, errors, came.seen)
    shown = {name: _as_shown(value) if name in errors else value for name, value in came.raw.items()}
    return Typed(shown, errors, outcome.clashes, came.seen), outcome.elsewhere


def _as_shown(value: Any) -> Any:
    """A picture with what the library knows of it, for the field that shows it; anything else as it was typed."""
    try:
        return words.picture(actor(), value) if isinstance(value, dict) else value
    except SlotError:
        return None


_TURNS = ("undo", "redo", "reset")


def _turned(campaign: Campaign, kit: KitSource) -> Answer:
    """Take back, do again, or go back to the kit's own words, after what was typed is saved."""
    name = request.form.get("reset", "")
    then = "reset" if name else request.form["then"]
    if then == "reset":
        slots = words.to_kit(actor(), campaign, {name} if name else None)
        unsaved.forget(actor(), campaign, {name} if name else None)
        said = "The kit’s own words are back. Undo brings yours again."
    else:
        slots = words.undo(actor(), campaign) if then == "undo" else words.redo(actor(), campaign)
        unsaved.forget(actor(), campaign, slots)
        said = "Taken back" if then == "undo" else "Done again"
        said = f"{said}: {', '.join(slot.label or slot.name for slot in kit.slots if slot.name in slots)}."
    flash(said if slots else "There was nothing to change.")
    return _back(campaign, f"{PREFIX}{slots[0]}" if slots else None)


def _chosen_sides(campaign: Campaign, came: Came) -> None:
    """Where somebody else changed the same words: keep one's own, or take theirs."""
    if name := request.form.get("keep"):
        came.seen.pop(name, None)
    if name := request.form.get("take"):
        came.raw.pop(name, None)
        unsaved.forget(actor(), campaign, {name})


def _back(campaign: Campaign, anchor: str | None = None) -> Response:
    asked = _asked()
    return redirect(
        url_for(
            "campaigns.words",
            pid=campaign.pid,
            piece=asked.piece,
            person=asked.person or None,
            find=asked.find or None,
            _anchor=anchor,
        ),
        303,
    )


def _send_test(campaign: Campaign, kit: KitSource) -> Answer:
    shown = preview.chosen(kit, _asked().piece)
    known = send_test.versions(source(campaign), campaign)
    mine = [version.key for version in known if shown and version.piece.name == shown.name]
    try:
        sent = send_test.send(actor(), campaign, mine[:1] or None)
    except (RenderError, TooMany) as error:
        flash(f"No test was sent. {error.message}", "error")
    else:
        flash(f"Saved. A test is on its way to {sent[0].recipient}.")
    return _back(campaign)


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
        return _page(campaign, subject_form=form), 422
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


@bp.get("/<pid>/newer")
@member(partner=ANYONE)
def show_newer(pid: str) -> Answer:
    """What would change with the newest version of the kit; or that there is none."""
    campaign = campaign_for(actor().organisation, pid)
    offered = newer.offered(actor().organisation, campaign)
    return render_template(
        "campaigns/newer.html",
        campaign=campaign,
        vendor=vendor_of(campaign),
        version=version_by_id(campaign.kit_version_id),
        move=newer.plan(actor().organisation, campaign) if offered else None,
        open=campaign.status in words.CHANGEABLE,
    )


@bp.post("/<pid>/newer")
@member(partner=EDITORS)
def take_newer(pid: str) -> Answer:
    """Move to the newer version."""
    campaign = campaign_for(actor().organisation, pid)
    done = newer.move(actor(), campaign, request.form.get("version", ""))
    flash(f"This campaign uses version {done.version.version} now.")
    return redirect(url_for("campaigns.words", pid=campaign.pid))


def _page(campaign: Campaign, typed: Typed | None = None, subject_form: SubjectForm | None = None) -> str:
    return render_template(
        "campaigns/words.html", **editor_page.whole(actor(), campaign, _asked(), typed, subject_form)
    )


def _asked() -> Asked:
    values = request.values
    strict = request.method != "POST"
    return Asked(values.get("piece"), values.get("person", ""), values.get("find", "")[:100], strict)


def _came(kit: KitSource) -> Came:
    """The slots that came with the form; a picture is taken into the library first, so that it survives a missing description."""
    came = Came()
    for key in request.form:
        name = key.removeprefix(PREFIX)
        if key.startswith(PREFIX) and "." not in name:
            came.raw[name] = request.form[key]
        elif key.startswith(SEEN):
            came.seen[key.removeprefix(SEEN)] = request.form[key]
    for slot in kit.slots:
        if slot.type is SlotType.IMAGE and f"{PREFIX}{slot.name}.alt" in request.form:
            _picture(slot, came)
    return came


def _picture(slot: Slot, came: Came) -> None:
    base = PREFIX + slot.name
    file = request.files.get(f"{base}.file")
    asset = request.form.get(f"{base}.asset", "")
    alt = request.form.get(f"{base}.alt", "")
    if file and file.filename:
        db.session.commit()  # nothing is written yet; drawing a picture anew takes longer than others should wait
        try:
            asset = add_image(actor(), *pictures.cut(slot, file.filename, file.read())).pid
        except Invalid as error:
            came.errors[slot.name] = error.message
        came.changed_pictures.add(slot.name)
    elif picked := request.form.get(f"{base}.pick"):
        asset = picked
        came.changed_pictures.add(slot.name)
    elif request.form.get(f"{base}.remove"):
        asset = ""
        came.changed_pictures.add(slot.name)
    came.raw[slot.name] = {"asset": asset, "alt": alt} if asset else None
