"""A test of the subject line: A is the control, planned while the campaign is a draft, its words never a template of the partner's."""

import pytest

from app.abtest.models import Experiment, ExperimentStatus, Variant
from app.campaigns import prepare, preview, subject_test
from app.campaigns.models import CampaignStatus
from app.db import db, scoped
from app.errors import Invalid, NotFound, Refused
from app.render.email import preview_line
from tests.campaigns.made import FILLED, draft, maya
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def test_the_kits_test_is_taken_with_its_templates(cast: Cast) -> None:
    campaign = draft(cast, **FILLED)
    made = prepare.source(campaign)
    spec = subject_test.offered(made.kit)[0]
    planned = subject_test.plan_from_kit(maya(cast), campaign, spec.name)
    assert [(v.label, v.is_control, v.weight) for v in planned.variants] == [("A", True, 1), ("B", False, 1)]
    assert planned.experiment.status is ExperimentStatus.PLANNED
    assert (planned.experiment.email, planned.experiment.field) == ("invitation", "subject")
    lines = preview.subjects(made, "invitation", planned.subjects)
    assert lines[0] == "Is home the weakest door to your office?"
    assert "{{" not in "".join(lines)


@pytest.mark.parametrize(
    "own",
    ["{{7*7}}", "Free for {{ contact.first_name }}", "{% raw %}", "{# no #}", "50 % off <b>now</b>", "{"],
)
def test_a_partners_own_line_stays_as_it_was_typed(cast: Cast, own: str) -> None:
    campaign = draft(cast, **FILLED)
    planned = subject_test.plan_own(maya(cast), campaign, "invitation", ["Plain", own])
    db.session.commit()
    made = prepare.source(campaign)
    compiled = prepare.email(made, made.kit.emails[0], planned.subjects[1])
    assert preview_line(compiled, {"first_name": "Sanne"})[0] == own


@pytest.mark.parametrize(
    ("lines", "field", "said"),
    [
        (["", "B"], "subject_a", "Write a subject line"),
        (["A", "x" * 121], "subject_b", "120 or fewer"),
        (["Same", " same "], "subject_b", "Both are the same"),
        (["A", "b\u202ec"], "subject_b", "can’t be seen"),
    ],
)
def test_lines_that_can_t_be_tested_are_refused(cast: Cast, lines: list[str], field: str, said: str) -> None:
    campaign = draft(cast)
    with pytest.raises(Invalid) as error:
        subject_test.plan_own(maya(cast), campaign, "invitation", lines)
    assert said in error.value.fields[field]
    assert subject_test.of(campaign) is None


def test_a_second_plan_replaces_the_first_and_taking_it_out_leaves_nothing(cast: Cast) -> None:
    campaign = draft(cast)
    subject_test.plan_own(maya(cast), campaign, "invitation", ["One", "Two"])
    again = subject_test.plan_own(maya(cast), campaign, "invitation", ["Three", "Four"])
    found = subject_test.of(campaign)
    assert found
    assert found.experiment.id == again.experiment.id
    assert len(list(db.session.scalars(scoped(cast.harbour, Variant)))) == 2
    subject_test.remove(maya(cast), campaign)
    assert subject_test.of(campaign) is None
    assert not list(db.session.scalars(scoped(cast.harbour, Experiment)))
    assert not list(db.session.scalars(scoped(cast.harbour, Variant)))


def test_a_test_needs_an_email_and_a_draft(cast: Cast) -> None:
    campaign = draft(cast)
    with pytest.raises(NotFound):
        subject_test.plan_own(maya(cast), campaign, "nonsense", ["One", "Two"])
    with pytest.raises(NotFound):
        subject_test.plan_from_kit(maya(cast), campaign, "nonsense")
    campaign.status = CampaignStatus.APPROVED
    with pytest.raises(Refused):
        subject_test.plan_own(maya(cast), campaign, "invitation", ["One", "Two"])
