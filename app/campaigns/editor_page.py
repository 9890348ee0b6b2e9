"""What the co-branding page shows: the fields, the preview of one piece as one person gets it, and what may be taken back."""

from dataclasses import dataclass
from typing import Any

from app.accounts.actor import Actor
from app.assets.brand import brands, gaps, logo_of
from app.assets.colors import pairs
from app.assets.models import Asset
from app.assets.queries import assets_of, media_url
from app.campaigns import example_people, history, newer, pictures, preview, subject_test, unsaved, words
from app.campaigns.example_people import Choice
from app.campaigns.forms import SubjectForm, Typed, groups
from app.campaigns.models import Campaign, CampaignStatus, SlotEdit
from app.campaigns.prepare import Prepared, source
from app.campaigns.steps import steps
from app.campaigns.subject_test import SubjectTest
from app.errors import NotFound
from app.kits.pieces import KitSource, SlotType, StepAct
from app.kits.slots import default_of
from app.kits.step_words import when, whom
from app.render.errors import RenderError


@dataclass(frozen=True)
class Asked:
    """Which piece is looked at, as whom, and who is searched for.

    `strict`: somebody who is no contact of the partner's is an error. While one saves, a contact that is gone must not be in the way.
    """

    piece: str | None = None
    person: str = ""
    find: str = ""
    strict: bool = True


def waiting(actor: Actor, campaign: Campaign, kit: KitSource) -> Typed:
    """What the actor typed before and could not be saved."""
    kept = unsaved.of(actor, campaign, kit)
    errors, clashes = unsaved.problems(campaign, kit, kept)
    raw = {name: entry["raw"] for name, entry in kept.items() if name in errors}
    seen = {name: entry["seen"] for name, entry in kept.items() if entry["seen"]}
    return Typed(raw, errors, clashes, seen)


def whole(
    actor: Actor,
    campaign: Campaign,
    asked: Asked,
    typed: Typed | None = None,
    subject_form: SubjectForm | None = None,
) -> dict[str, Any]:
    """All that the page shows; without `typed` what waits for the actor from before."""
    made = source(campaign)
    typed = typed or waiting(actor, campaign, made.kit)
    shown = saved(actor, campaign, asked, typed, made)
    planned = subject_test.of(campaign)
    return {
        **shown,
        "steps": steps(campaign),
        "test": planned,
        "said": _said(made, planned, shown["who"].chosen.fields),
        "offered": [
            (spec, preview.subjects(made, spec.email, subject_test.subjects(spec)))
            for spec in subject_test.offered(made.kit)
        ],
        "subject_form": subject_form or SubjectForm(formdata=None),
        "test_open": campaign.status in words.OPEN and actor.may_edit,
        "test_email": next(iter(preview.in_order(made.kit)), None),
        "sequence": _sequence(made.kit),
        "newer": newer.offered(actor.organisation, campaign) if actor.may_edit else None,
        "edits": [_told(made.kit, edit, person.name) for edit, person in history.latest(campaign)],
    }


def saved(
    actor: Actor, campaign: Campaign, asked: Asked, typed: Typed, made: Prepared | None = None
) -> dict[str, Any]:
    """What the answer to a saving shows as well: fields, what is missing, what may be taken back, the preview."""
    made = made or source(campaign)
    open_ = campaign.status in words.CHANGEABLE and actor.may_edit
    undo = words.undoable(actor, campaign) if open_ else None
    redo = words.redoable(actor, campaign) if open_ else None
    brand = made.brand
    return {
        **seen(actor, campaign, asked, made),
        "kit": made.kit,
        "vendor": made.vendor,
        "version": made.version,
        "groups": groups(made.kit, campaign, typed, _library(actor, made.kit) if open_ else {}),
        "errors": typed.errors,
        "missing": words.missing_slots(campaign, made.kit),
        "open": open_,
        "approved": campaign.status is CampaignStatus.APPROVED,
        "undo": _named(made.kit, undo) if undo else None,
        "redo": _named(made.kit, redo) if redo else None,
        "own": [name for name in campaign.slot_values if made.kit.slot(name)],
        "brand": brand,
        "brands": brands(actor.organisation),
        "brand_gaps": gaps(brand),
        "pairs": pairs(brand.primary_color, brand.call_color) if brand else [],
    }


def _library(actor: Actor, kit: KitSource) -> dict[str, list[Asset]]:
    """Pictures to choose from, by the slot that takes them."""
    slots = [slot for slot in kit.slots if slot.type is SlotType.IMAGE]
    library = assets_of(actor.organisation) if slots else []
    return {slot.name: pictures.fitting(actor.organisation, slot, library) for slot in slots}


def seen(actor: Actor, campaign: Campaign, asked: Asked, made: Prepared | None = None) -> dict[str, Any]:
    """The preview alone. Raises NotFound for a person who is no contact of the partner's."""
    made = made or source(campaign)
    who = _whom(actor, campaign, asked)
    shown = preview.chosen(made.kit, asked.piece)
    logo = logo_of(actor.organisation, made.brand)
    return {
        "campaign": campaign,
        "pieces": preview.pieces(made.kit),
        "shown": shown,
        "who": who,
        "find": asked.find,
        "logo": media_url(logo) if logo else None,
        **_frames(campaign, made, shown, who),
    }


def _whom(actor: Actor, campaign: Campaign, asked: Asked) -> Choice:
    try:
        return example_people.choice(actor.organisation, campaign, asked.person, asked.find)
    except NotFound:
        if asked.strict:
            raise
        return example_people.choice(actor.organisation, campaign, "", asked.find)


def _frames(campaign: Campaign, made: Prepared, shown: preview.Piece | None, who: Choice) -> dict[str, Any]:
    """Addresses of the frames and the inbox line; `failure` says in words why a piece can't be shown."""
    nothing = {"src": None, "dark": None, "inbox": None, "looks": "", "failure": None}
    if shown is None:
        return {**nothing, "failure": "This kit has nothing to show."}
    person = who.chosen
    found = {**nothing, "looks": preview.looks(made, shown, person.fields)}
    if shown.kind == "page":
        return {**found, "src": preview.address(campaign, shown)}
    try:
        line = preview.inbox(made, shown.name, person.fields)
    except RenderError as error:
        return {**found, "failure": error.message}
    src, dark = (preview.address(campaign, shown, dark=d, person=person.key) for d in (False, True))
    return {**found, "src": src, "dark": dark, "inbox": line}


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


def _said(made: Prepared, planned: SubjectTest | None, fields: Any) -> dict[str, str]:
    """The test's subject lines as people read them, by label."""
    if planned is None:
        return {}
    lines = preview.subjects(made, planned.experiment.email, planned.subjects, fields)
    return {variant.label: line for variant, line in zip(planned.variants, lines, strict=True)}


def _named(kit: KitSource, edit: SlotEdit) -> str:
    """The fields of a change: `Headline`, `Headline and 2 more`."""
    labels = [slot.label or slot.name for slot in kit.slots if slot.name in edit.changes]
    if not labels:
        return "fields of the version before"
    return labels[0] if len(labels) == 1 else f"{labels[0]} and {len(labels) - 1} more"


def _told(kit: KitSource, edit: SlotEdit, person: str) -> dict[str, Any]:
    """A change as the list of changes shows it; what was and is only where one field changed."""
    told = {"at": edit.at, "person": person, "what": _named(kit, edit), "was": "", "now": ""}
    if len(edit.changes) == 1:
        ((name, change),) = edit.changes.items()
        slot = kit.slot(name)
        if slot is not None:
            usual = words.in_one_line(slot, default_of(slot))
            told["was"] = words.in_one_line(slot, change["was"]) or usual
            told["now"] = words.in_one_line(slot, change["is"]) or usual
    return told
