"""A review from asking to its answer: who may, what is fixed by it, when it counts, and what each side is told."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import AuditEntry, Membership, Role
from app.assets.models import BrandProfile
from app.audience.lists import list_named
from app.campaigns import (
    make,
    review,
    review_comments,
    review_jobs,
    review_terms,
    schedule,
    subject_test,
    words,
)
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.prepare import source
from app.campaigns.ready import problems
from app.campaigns.review_models import Outcome, ReviewComment, ReviewRound
from app.campaigns.review_queries import campaign_of
from app.campaigns.review_state import standing
from app.clock import now
from app.db import db
from app.delivery.models import Rendering
from app.errors import AppError, Conflict, Forbidden, Invalid, Refused
from app.flows import approvals, launch, withdraw
from app.kits import publish
from app.kits.queries import version_by_id
from app.mail.models import OutgoingMail
from tests.audience.people import agreed, contact
from tests.campaigns.made import draft, maya, ready
from tests.campaigns.reviewing import asked, asking, complete, ingrid, seen, vera
from tests.rig.cast import Cast

S = CampaignStatus
WRITTEN = "Half your team works from home. Who looks after the door?"


def mails(template: str) -> list[OutgoingMail]:
    query = select(OutgoingMail).where(OutgoingMail.template == template)
    return list(db.session.scalars(query.order_by(OutgoingMail.id)))


def approved(cast: Cast, row: ReviewRound) -> Campaign:
    campaign = campaign_of(row)
    review.approve(ingrid(cast), row, seen(campaign))
    db.session.commit()
    return campaign


# Whether it is needed


def test_where_the_kit_asks_for_nothing_nothing_changes(cast: Cast) -> None:
    campaign = ready(cast)
    assert not review.needed(campaign)
    assert problems(campaign) == []
    with pytest.raises(Refused, match="needs no review"):
        review.ask(maya(cast), campaign)


def test_always_blocks_the_launch_until_somebody_has_said_yes(cast: Cast) -> None:
    campaign = complete(cast)
    assert [p.text for p in problems(campaign)] == [
        "Northwind Cloud looks at this campaign before it goes out."
    ]
    row = review.ask(maya(cast), campaign)
    [waits] = problems(campaign)
    assert waits.text.startswith("Ingrid Solberg looks at it before it goes out, since ")
    assert waits.mend.startswith("An answer is due by ")
    assert waits.href == f"/campaigns/{campaign.pid}/review"
    with pytest.raises(AppError):
        launch.launch(maya(cast), campaign, 0)
    approved(cast, row)
    assert campaign.status is S.APPROVED
    assert problems(campaign) == []


def test_with_the_yes_it_goes_out_as_it_was_seen(cast: Cast) -> None:
    row = asked(cast, headline=WRITTEN)
    campaign = campaign_of(row)
    agreed(contact(cast.harbour, "sanne@vandijk.example", list_named(cast.harbour, "Customers")))
    db.session.commit()
    with pytest.raises(Conflict, match="waits for someone else"):
        launch.launch(maya(cast), campaign, 1)
    approved(cast, row)
    assert launch.launch(maya(cast), campaign, 1).people == 1
    db.session.commit()
    send = launch.start_due(campaign.id)
    assert send is not None
    assert campaign.status is S.LAUNCHING
    [sent] = db.session.scalars(select(Rendering).where(Rendering.send_id == send.id))
    assert "Who looks after the door?" in sent.html


def test_a_draft_that_lacks_something_is_not_looked_at(cast: Cast) -> None:
    campaign = draft(cast, asking(cast))
    with pytest.raises(Refused, match="It can’t be reviewed yet"):
        review.ask(maya(cast), campaign)
    assert campaign.status is S.DRAFT
    assert not mails("review_asked")


def test_first_asks_until_one_campaign_with_the_kit_was_approved(cast: Cast) -> None:
    version = asking(cast, "first")
    row = asked(cast, version)
    second = make.create(maya(cast), version)
    assert review.needed(second)
    approved(cast, row)
    assert not review.needed(second)
    assert review.needed(campaign_of(row)), "what was approved goes out as it was approved"


def test_first_asks_again_for_a_version_with_a_new_slot(cast: Cast) -> None:
    approved(cast, asked(cast, asking(cast, "first")))
    locked = asking(cast, "first", "1.1")
    assert not review.needed(make.create(maya(cast), locked)), "what is locked is the vendor's own"
    slot = '\n[[slots]]\nname = "motto"\ntype = "text"\nlabel = "Motto"\n'
    assert review.needed(make.create(maya(cast), asking(cast, "first", "1.2", toml=slot)))


def test_first_looks_at_the_changes_it_asked_for_whatever_else_was_approved(cast: Cast) -> None:
    version = asking(cast, "first")
    row = asked(cast, version)
    other = ready(cast, version)
    second = review.ask(maya(cast), other)
    review.request_changes(ingrid(cast), row, "Shorter.")
    approved(cast, second)
    assert review.needed(campaign_of(row))


# Asking and answering


def test_who_asks_and_who_hears_of_it(cast: Cast) -> None:
    row = asked(cast, note="Our first one.", headline=WRITTEN)
    campaign = campaign_of(row)
    assert campaign.status is S.IN_REVIEW
    assert row.reviewer_id == cast.ingrid.id
    [mail] = mails("review_asked")
    assert mail.recipient == cast.ingrid.email
    assert mail.subject == f"Harbour IT asks for your yes to “{campaign.name}”"
    assert "“Our first one.”" in mail.text
    assert f"/reviews/{row.pid}" in mail.text
    assert "changed 4 things" in mail.text.replace("\xa0", " ")
    other = complete(cast, version_by_id(row.kit_version_id))
    for who in (Actor(cast.noor, cast.harbour, Role.VIEWER), ingrid(cast)):
        with pytest.raises(Forbidden):
            review.ask(who, other)


def test_the_partners_manager_gets_it_before_whoever_published_the_kit(cast: Cast) -> None:
    cast.northwind_harbour.manager_id = cast.vera.id
    assert asked(cast).reviewer_id == cast.vera.id


def test_its_words_are_fixed_while_somebody_looks(cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    with pytest.raises(Refused):
        words.save(maya(cast), campaign, {"headline": WRITTEN})
    with pytest.raises(Refused):
        subject_test.plan_own(maya(cast), campaign, "invitation", ["One line", "Another line"])
    with pytest.raises(Conflict, match="with its reviewer already"):
        review.ask(maya(cast), campaign)
    with pytest.raises(Refused):
        schedule.set_time(maya(cast), campaign, None)


def test_taken_back_it_can_be_changed_and_asked_again(cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    review.withdraw_request(maya(cast), campaign)
    assert campaign.status is S.DRAFT
    assert row.outcome is Outcome.TAKEN_BACK
    [mail] = mails("review_taken_back")
    assert mail.recipient == cast.ingrid.email
    with pytest.raises(Conflict, match=r"Maya de Vries has taken it back\."):
        review.approve(ingrid(cast), row, seen(campaign))
    with pytest.raises(Conflict):
        review.withdraw_request(maya(cast), campaign)
    assert words.save(maya(cast), campaign, {"headline": WRITTEN}) == {}
    assert review.ask(maya(cast), campaign).number == 2


def test_comments_reach_the_partner_with_the_answer_and_are_answered_one_by_one(cast: Cast) -> None:
    row = asked(cast, headline=WRITTEN)
    campaign = campaign_of(row)
    said = review_comments.add(ingrid(cast), row, "slot/headline", "Can you drop the last half?")
    with pytest.raises(Refused, match="1 comment is still open"):
        review.approve(ingrid(cast), row, seen(campaign))
    with pytest.raises(Forbidden):
        review_comments.reply(maya(cast), said, "Yes.")
    assert review.request_changes(ingrid(cast), row, "Nearly there.") == 1
    assert campaign.status is S.CHANGES_REQUESTED
    assert said.sent_at
    [mail] = mails("review_changes")
    assert mail.recipient == cast.maya.email
    assert "Headline: Can you drop the last half?" in mail.text
    assert "“Nearly there.”" in mail.text
    words.save(maya(cast), campaign, {"headline": ""})
    review_comments.reply(maya(cast), said, "Done.")
    review_comments.settle(maya(cast), said)
    again = review.ask(maya(cast), campaign)
    db.session.commit()
    review.approve(vera(cast), again, seen(campaign), "Good.")
    [mail] = mails("review_approved")
    assert mail.recipient == cast.maya.email
    assert "“Good.”" in mail.text
    kept = select(AuditEntry.action).where(AuditEntry.action.startswith("review.")).order_by(AuditEntry.id)
    assert list(db.session.scalars(kept)) == [
        "review.asked", "review.commented", "review.changes_requested", "review.replied", "review.comment_settled",
        "review.asked", "review.approved",
    ]  # fmt: skip


def test_asking_for_changes_needs_a_word(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        review.request_changes(ingrid(cast), asked(cast), "  ")
    assert set(refused.value.fields) == {"answer"}


def test_a_comment_nobody_has_read_is_taken_out_by_its_author_alone(cast: Cast) -> None:
    row = asked(cast)
    said = review_comments.add(ingrid(cast), row, "", "Hm.")
    with pytest.raises(Refused, match="Only whoever wrote"):
        review_comments.remove(vera(cast), said)
    review_comments.remove(ingrid(cast), said)
    assert not list(db.session.scalars(select(ReviewComment)))
    with pytest.raises(Invalid):
        review_comments.add(ingrid(cast), row, "slot/none", "About nothing.")
    said = review_comments.add(ingrid(cast), row, "email/invitation", "Hm.")
    review.request_changes(ingrid(cast), row)
    with pytest.raises(Refused, match="has this comment already"):
        review_comments.remove(ingrid(cast), said)


# Who may answer


def test_only_the_vendors_marketers_and_admins_answer(cast: Cast) -> None:
    row = asked(cast)
    for who in (
        Actor(cast.walter, cast.northwind, Role.VIEWER),
        Actor(cast.tomas, cast.northwind, Role.APPROVER),
        Actor(cast.simon, cast.southgate, Role.ADMIN),
        maya(cast),
    ):
        with pytest.raises(Forbidden):
            review.approve(who, row, row.fingerprint)
        with pytest.raises(Forbidden):
            review.request_changes(who, row, "No.")
        with pytest.raises(Forbidden):
            review.take(who, row)


def test_nobody_approves_a_campaign_of_their_own(cast: Cast) -> None:
    for person in (cast.maya, cast.ingrid):
        home = cast.northwind if person is cast.maya else cast.harbour
        db.session.add(Membership(person_id=person.id, organisation_id=home.id, role=Role.MARKETER))
    db.session.commit()
    row = asked(cast)
    assert row.reviewer_id is None, "who published the kit belongs to the partner too"
    assert [mail.recipient for mail in mails("review_asked")] == [cast.vera.email]
    for own in (Actor(cast.maya, cast.northwind, Role.MARKETER), ingrid(cast)):
        with pytest.raises(Refused, match="You belong to Harbour IT too"):
            review.approve(own, row, row.fingerprint)
    review.approve(vera(cast), row, row.fingerprint)
    assert row.decided_by == cast.vera.id


# What is approved is fixed


def brand_changed(cast: Cast) -> None:
    brand = db.session.scalars(select(BrandProfile)).one()
    brand.primary_color, brand.updated_at = "#003344", now()
    db.session.flush()


def headline_changed(cast: Cast) -> None:
    campaign = db.session.scalars(select(Campaign)).one()
    schedule.reopen(maya(cast), campaign)
    words.save(maya(cast), campaign, {"headline": WRITTEN})


def lines_changed(cast: Cast) -> None:
    campaign = db.session.scalars(select(Campaign)).one()
    schedule.reopen(maya(cast), campaign)
    subject_test.plan_own(maya(cast), campaign, "invitation", ["One line", "Another line"])


@pytest.mark.parametrize("change", [brand_changed, headline_changed, lines_changed])
def test_what_is_changed_after_the_yes_is_looked_at_again(cast: Cast, change: Callable[[Cast], None]) -> None:
    row = asked(cast)
    campaign = approved(cast, row)
    change(cast)
    [standing_in_the_way] = problems(campaign)
    assert standing_in_the_way.text == "It was changed after Northwind Cloud approved it."
    again = review.ask(maya(cast), campaign)
    assert row.lapsed_at is not None
    assert campaign.status is S.IN_REVIEW
    review.approve(ingrid(cast), again, seen(campaign))
    assert problems(campaign) == []


def test_taken_to_draft_and_left_as_it_was_it_stays_approved(cast: Cast) -> None:
    campaign = approved(cast, asked(cast))
    schedule.reopen(maya(cast), campaign)
    assert problems(campaign) == []
    words.save(maya(cast), campaign, {"headline": WRITTEN})
    assert problems(campaign)
    words.save(maya(cast), campaign, {"headline": ""})
    assert problems(campaign) == [], "the very words that were approved"


def test_what_the_reviewer_did_not_see_is_not_approved(cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    shown = seen(campaign)
    brand_changed(cast)
    with pytest.raises(Conflict, match="It changed while you looked"):
        review.approve(ingrid(cast), row, shown)
    review.approve(ingrid(cast), row, seen(campaign))
    assert problems(campaign) == [], "what they saw is what is approved"


def test_at_its_time_a_campaign_that_is_not_what_was_approved_stays(cast: Cast) -> None:
    campaign = approved(cast, asked(cast))
    campaign.status, campaign.scheduled_at, campaign.launched_by = S.SCHEDULED, now(), cast.maya.id
    db.session.commit()
    brand_changed(cast)
    db.session.commit()
    assert launch.start_due(campaign.id) is None
    assert campaign.status is S.DRAFT
    assert campaign.launched_at is None
    assert "It was changed after Northwind Cloud approved it." in mails("campaign_waits")[0].text
    with pytest.raises(Refused, match="changed after it was approved"):
        review.must_match(campaign, source(campaign))


def test_a_planned_campaign_that_changed_is_taken_back_before_its_time(cast: Cast) -> None:
    campaign = approved(cast, asked(cast))
    later = now() + timedelta(days=3)
    campaign.status, campaign.scheduled_at, campaign.launched_by = S.SCHEDULED, later, cast.maya.id
    db.session.commit()
    assert approvals.take_back_changed() == 0
    db.session.scalars(select(BrandProfile)).one().updated_at = now()
    db.session.commit()
    assert approvals.take_back_changed() == 0, "a brand that was saved as it was changes nothing"
    brand_changed(cast)
    db.session.commit()
    assert (approvals.take_back_changed(), approvals.take_back_changed()) == (1, 0)
    assert campaign.status is S.DRAFT
    assert campaign.scheduled_at == later
    [mail] = mails("campaign_waits")
    assert mail.recipient == cast.maya.email
    assert "It does not go out as planned." in mail.text


# Rules that are broken


def test_a_broken_rule_needs_a_reason(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.campaigns.review_marks.MAX_HTML", 2_000)
    row = asked(cast)
    campaign = campaign_of(row)
    assert "Gmail cuts" in review.broken(campaign)[0].text
    with pytest.raises(Invalid) as refused:
        review.approve(ingrid(cast), row, seen(campaign))
    assert set(refused.value.fields) == {"waiver"}
    review.approve(ingrid(cast), row, seen(campaign), waiver="Read in Outlook only.")
    assert row.waiver == "Read in Outlook only."


# Time


def test_the_reviewer_is_reminded_and_then_the_admins_have_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(cast)
    assert review_jobs.wake_reviews() == 0
    moment = row.due_at - timedelta(hours=2)
    for where in ("review_queries", "review_jobs"):
        monkeypatch.setattr(f"app.campaigns.{where}.now", lambda: moment)
    assert (review_jobs.wake_reviews(), review_jobs.wake_reviews()) == (1, 0)
    assert [mail.recipient for mail in mails("review_reminder")] == [cast.ingrid.email]
    moment = row.due_at + timedelta(minutes=5)
    assert (review_jobs.wake_reviews(), review_jobs.wake_reviews()) == (1, 0)
    assert row.reviewer_id == cast.vera.id
    assert row.escalated_at
    assert {mail.recipient for mail in mails("review_late")} == {cast.vera.email}
    [told] = mails("review_waits")
    assert told.recipient == cast.maya.email
    assert "It is with Vera Lund now" in told.text
    review.take(ingrid(cast), row)
    assert row.reviewer_id == cast.ingrid.id


def test_a_vendor_promises_its_own_number_of_days(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        review_terms.set_days(ingrid(cast), 5)
    with pytest.raises(Invalid):
        review_terms.set_days(vera(cast), 0)
    review_terms.set_days(vera(cast), 5)
    review_terms.set_days(vera(cast), 3)
    assert asked(cast).days == 3


# Nothing to decide any more


def test_a_withdrawn_version_closes_its_reviews(cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    publish.recall(ingrid(cast), version_by_id(row.kit_version_id), "A wrong price.")
    with pytest.raises(AppError):
        review.approve(ingrid(cast), row, seen(campaign))
    db.session.commit()
    review_jobs.wake_reviews()
    db.session.refresh(row)
    assert row.outcome is Outcome.CLOSED
    assert campaign.status is S.DRAFT
    assert {mail.recipient for mail in mails("review_closed")} == {cast.ingrid.email, cast.maya.email}
    assert review.close_open(row.kit_version_id, "again") == 0


def test_withdrawing_closes_them_at_once_and_the_partner_gets_one_mail(cast: Cast) -> None:
    row = asked(cast)
    withdraw.withdraw(ingrid(cast), version_by_id(row.kit_version_id), "A wrong price.")
    assert row.outcome is Outcome.CLOSED
    assert campaign_of(row).status is S.DRAFT
    assert not mails("review_closed")


def test_a_campaign_that_is_given_up_is_not_reviewed_any_more(cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    make.cancel(maya(cast), campaign)
    assert campaign.status is S.CANCELLED
    assert row.outcome is Outcome.CLOSED


def test_what_was_reviewed_stays_on_record(cast: Cast) -> None:
    row = asked(cast)
    review.withdraw_request(maya(cast), campaign_of(row))
    with pytest.raises(Refused, match="stays on record"):
        make.delete(maya(cast), campaign_of(row))


# Two at once


@pytest.mark.both_databases
def test_of_two_answers_at_once_one_counts_and_the_other_is_told(app: Flask, cast: Cast) -> None:
    row = asked(cast)
    print_seen, start, said = seen(campaign_of(row)), Barrier(2), []

    def answer(who: Callable[[Cast], Any], yes: bool) -> None:
        with app.app_context():
            mine = db.session.get_one(ReviewRound, row.id)
            db.session.rollback()
            start.wait()
            try:
                if yes:
                    review.approve(who(cast), mine, print_seen)
                else:
                    review.request_changes(who(cast), mine, "Shorter.")
                db.session.commit()
                said.append("done")
            except Conflict as error:
                db.session.rollback()
                said.append(error.message)

    threads = [Thread(target=answer, args=(ingrid, True)), Thread(target=answer, args=(vera, False))]
    db.session.commit()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    db.session.expire_all()
    assert sorted(said)[1] == "done"
    assert "already. Nothing you just did was kept." in sorted(said)[0]
    assert len(mails("review_approved")) + len(mails("review_changes")) == 1
    assert campaign_of(row).status in (S.APPROVED, S.CHANGES_REQUESTED)
    assert standing(campaign_of(row)).open is None
