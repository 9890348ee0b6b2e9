"""A test of the subject line, planned with the campaign and fixed at launch: A is the control, B the challenger.

The kit's versions are templates of the vendor's; a partner's own are plain words and stay as they were typed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.abtest.models import Experiment, ExperimentStatus, Variant
from app.accounts.actor import Actor
from app.accounts.audit import record
from app.campaigns.models import Campaign
from app.campaigns.words import must_be_open
from app.db import db, scoped
from app.errors import Invalid, NotFound
from app.kits.pieces import KitSource, TestSpec
from app.kits.queries import kit_source, version_by_id

MAX_SUBJECT = 120
LABELS = "AB"


@dataclass(frozen=True)
class Subject:
    """A version of the subject line: plain words, or a template of the kit's that may name slots and contact fields."""

    text: str
    is_template: bool

    @property
    def value(self) -> dict[str, Any]:
        """As a variant stores it."""
        return {"subject": self.text, "template": self.is_template}


@dataclass(frozen=True)
class SubjectTest:
    """A planned or running test with its versions, A first."""

    experiment: Experiment
    variants: tuple[Variant, ...]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The subject lines, A first."""
        return tuple(subject_of(variant) for variant in self.variants)


def subject_of(variant: Variant) -> Subject:
    """The subject line that a variant stands for."""
    return Subject(str(variant.value.get("subject", "")), bool(variant.value.get("template")))


def of(campaign: Campaign) -> SubjectTest | None:
    """The campaign's test; None without one."""
    mine = Experiment.campaign_id == campaign.id
    query = (
        select(Experiment).where(mine, Experiment.field == "subject").order_by(Experiment.id.desc())
    )  # unscoped: by its campaign
    experiment = db.session.scalars(query).first()
    if experiment is None:
        return None
    versions = (
        select(Variant).where(Variant.experiment_id == experiment.id).order_by(Variant.label)
    )  # unscoped: by its campaign
    return SubjectTest(experiment, tuple(db.session.scalars(versions)))


def offered(kit: KitSource) -> list[TestSpec]:
    """The tests of a subject line that come with the kit; in a sequence only its first email is tested."""
    return [
        test
        for test in kit.tests
        if test.field == "subject" and len(test.variants) >= len(LABELS) and may_be_tested(kit, test.email)
    ]


def may_be_tested(kit: KitSource, email: str) -> bool:
    """Whether a test of this email can be run: of a sequence the first step alone goes to everybody."""
    return not kit.steps or kit.steps[0].email == email


def subjects(spec: TestSpec) -> list[Subject]:
    """The versions of a kit's test that are run: the first two."""
    return [Subject(text, True) for _, text in spec.variants[: len(LABELS)]]


def plan_from_kit(actor: Actor, campaign: Campaign, name: str) -> SubjectTest:
    """Take the test of this name that comes with the kit. Raises NotFound where it has none."""
    kit = kit_source(version_by_id(campaign.kit_version_id))
    spec = next((test for test in offered(kit) if test.name == name), None)
    if spec is None:
        raise NotFound(kind="TestSpec")
    return _plan(actor, campaign, spec.email, spec.name.replace("_", " ").capitalize(), subjects(spec))


def plan_own(actor: Actor, campaign: Campaign, email: str, lines: Sequence[str]) -> SubjectTest:
    """Test two subject lines in the partner's own words. Raises Invalid with a sentence for each that can't be used."""
    kit = kit_source(version_by_id(campaign.kit_version_id))
    piece = kit.email(email)
    if piece is None or not may_be_tested(kit, email):
        raise NotFound(kind="EmailPiece")
    cleaned = [" ".join(text.split()) for text in lines]
    wrong = {
        f"subject_{label.lower()}": problem
        for label, text in zip(LABELS, cleaned, strict=True)
        if (problem := _problem(text))
    }
    if not wrong and cleaned[0].casefold() == cleaned[1].casefold():
        wrong["subject_b"] = "Both are the same. Write another one for B."
    if wrong:
        raise Invalid("The test is not planned yet.", wrong)
    return _plan(
        actor, campaign, email, f"Subject line of “{piece.title}”", [Subject(text, False) for text in cleaned]
    )


def remove(actor: Actor, campaign: Campaign) -> None:
    """Take the planned test out; everyone gets the kit's subject line."""
    must_be_open(campaign)
    for experiment in db.session.scalars(
        scoped(actor.organisation, Experiment).where(Experiment.campaign_id == campaign.id)
    ):
        if experiment.status is ExperimentStatus.PLANNED:
            for variant in db.session.scalars(
                scoped(actor.organisation, Variant).where(Variant.experiment_id == experiment.id)
            ):
                db.session.delete(variant)
            db.session.flush()
            db.session.delete(experiment)
    db.session.flush()


def copy(actor: Actor, planned: SubjectTest, campaign: Campaign) -> None:
    """Plan the same test for another campaign of the same kit version."""
    _plan(actor, campaign, planned.experiment.email, planned.experiment.name, planned.subjects)


def _plan(
    actor: Actor, campaign: Campaign, email: str, name: str, versions: Sequence[Subject]
) -> SubjectTest:
    remove(actor, campaign)
    owners = {"partner_id": campaign.partner_id, "vendor_id": campaign.vendor_id}
    experiment = Experiment(campaign_id=campaign.id, name=name[:120], email=email, field="subject", **owners)
    db.session.add(experiment)
    db.session.flush()
    variants = tuple(
        Variant(
            experiment_id=experiment.id, label=label, is_control=label == "A", value=subject.value, **owners
        )
        for label, subject in zip(LABELS, versions, strict=False)
    )
    db.session.add_all(variants)
    db.session.flush()
    record(actor, "test.planned", experiment, campaign_id=campaign.id)
    return SubjectTest(experiment, variants)


def _problem(text: str) -> str:
    if not text:
        return "Write a subject line."
    if len(text) > MAX_SUBJECT:
        return f"This is {len(text)} characters long. Write {MAX_SUBJECT} or fewer."
    return "" if text.isprintable() else "Leave out characters that can’t be seen."
