"""A filled form becomes one lead for each person and campaign, seen by the vendor only when it is shared."""

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.db import db
from app.errors import Conflict, Invalid, NotFound
from app.leads import answer, capture, queries
from app.leads.models import LeadStatus
from tests.rig import story as stories
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def test_a_form_becomes_a_new_lead_with_a_time_to_answer_by(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    submission = stories.submission(story, note="Mornings are best", phone="078 555 01 92")
    lead = capture.capture(submission)
    assert lead is not None
    assert (lead.status, lead.name, lead.company, lead.note) == (
        LeadStatus.NEW,
        "Sanne Willems",
        "Van Dijk Logistiek",
        "Mornings are best",
    )
    assert (lead.answer_by - submission.at).total_seconds() == 4 * 3600


def test_a_second_form_of_the_same_person_updates_the_lead(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    first = capture.capture(stories.submission(story))
    second = capture.capture(
        stories.submission(story, token="n2", phone="078 555 01 93", note="And our drivers?")
    )
    assert first is not None
    assert second is not None
    assert first.id == second.id
    assert second.phone == "078 555 01 93"
    actor = Actor(cast.maya, cast.harbour, Role.ADMIN)
    assert [n.text for n in answer.notes(actor, second)] == ["And our drivers?"]


def test_a_form_that_looks_like_a_robots_makes_no_lead(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    submission = stories.submission(story)
    submission.held_reason = "sent within 2 seconds"
    assert capture.capture(submission) is None


def test_the_vendor_sees_a_lead_only_once_it_is_shared(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    lead = capture.capture(stories.submission(story))
    assert lead is not None
    with pytest.raises(NotFound):
        queries.lead_or_404(cast.northwind, lead.pid)
    answer.share(Actor(cast.maya, cast.harbour, Role.ADMIN), lead)
    db.session.flush()
    assert queries.lead_or_404(cast.northwind, lead.pid).id == lead.id
    with pytest.raises(NotFound):
        queries.lead_or_404(cast.southgate, lead.pid)
    with pytest.raises(NotFound):
        queries.lead_or_404(cast.leuvelink, lead.pid)


def test_a_campaign_whose_terms_share_leads_shares_them_at_once(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour, shares_leads=True)
    lead = capture.capture(stories.submission(story))
    assert lead is not None
    assert lead.shared_at == lead.created_at


def test_answers_stop_the_clock_and_impossible_steps_are_refused(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    lead = capture.capture(stories.submission(story))
    assert lead is not None
    actor = Actor(cast.maya, cast.harbour, Role.ADMIN)
    with pytest.raises(Invalid):
        answer.reject(actor, lead, "  ")
    answer.accept(actor, lead)
    assert lead.answered_at is not None
    assert lead.assigned_to == cast.maya.id
    with pytest.raises(Conflict):
        answer.accept(actor, lead)


def test_a_lead_is_handed_only_to_a_colleague(cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    lead = capture.capture(stories.submission(story))
    assert lead is not None
    actor = Actor(cast.maya, cast.harbour, Role.ADMIN)
    with pytest.raises(Invalid):
        answer.hand_over(actor, lead, cast.lieve.pid)
    assert answer.hand_over(actor, lead, cast.jonas.pid).id == cast.jonas.id
    assert lead.assigned_to == cast.jonas.id
