"""The launch: a person's yes, then at the due moment everything is frozen in one transaction and the rows begin to be written.

Words, people, links and pages are fixed here; nothing that changes afterwards changes what is sent.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import insert, select

from app.abtest.assign import plan
from app.abtest.models import EXPERIMENT, Assignment, Experiment, ExperimentStatus, Variant
from app.accounts import audit
from app.accounts.actor import Actor
from app.audience.mailable import mailable_select
from app.audience.people import People
from app.campaigns import review
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.campaigns.prepare import Prepared, message_headers
from app.campaigns.schedule import approve
from app.clock import now
from app.db import db
from app.delivery import failpoints
from app.delivery.models import Link, Rendering, Send, SendStatus
from app.errors import AppError, Conflict, Refused
from app.flows import overdue
from app.flows.check import LaunchCheck, StepMail, check, mail_of, step_time
from app.flows.when import timing_of
from app.landing.models import PublishedPage
from app.landing.publish import publish
from app.queue import JobName, enqueue
from app.render.compiled import preview_html, preview_line, preview_text
from app.render.email import CompiledEmail
from app.render.mime import build
from app.web.hosts import public_url_for

log = structlog.get_logger(__name__)

TEST_LASTS = timedelta(days=7)
_CHUNK = 5_000


class CountChanged(Conflict):
    """The number of people is not the one that the person saw: they look again. `people` is the new one."""

    def __init__(self, seen: int, people: int) -> None:
        text = f"The number changed while you looked: {people:,} people get it, not {seen:,}. Look again, then launch."
        super().__init__(text, seen=seen, people=people)
        self.people = people


def launch(actor: Actor, campaign: Campaign, seen: int, shares_leads: bool = False) -> LaunchCheck:
    """Say yes to a campaign: at its time, or at once where it has none, it goes to the `seen` people.

    Raises Refused with the first thing that stands in the way, CountChanged when the audience is another than was shown,
    Conflict when it is launched already. `shares_leads`: the partner agrees to it here, as the terms of the
    money ask; where they agreed with the request it counts as agreed.
    """
    db.session.flush()  # a time set a moment ago must not be lost to the refresh
    db.session.refresh(campaign, with_for_update=True)
    if campaign.status not in (CampaignStatus.DRAFT, CampaignStatus.APPROVED):
        raise Conflict("This campaign is launched already, or waits for someone else.")
    found = check(actor, campaign)
    if found.problems:
        raise Refused(
            f"This campaign can’t be launched yet. {found.problems[0].text} {found.problems[0].mend}".strip()
        )
    if found.people != seen:
        raise CountChanged(seen, found.people)
    if campaign.scheduled_at is not None and campaign.scheduled_at <= now():
        raise Refused("The planned time has passed. Choose a later one, or launch at once.")
    if campaign.status is CampaignStatus.DRAFT:
        approve(actor, campaign)
    campaign.launched_by = actor.person.id
    if found.funding is not None and (shares_leads or found.funding.request.shares_leads):
        campaign.shares_leads = True
    campaign.paused_reason = campaign.missed_at = None
    campaign.launch_tries, campaign.launch_again = 0, None
    at_once = campaign.scheduled_at is None
    campaign.scheduled_at = campaign.scheduled_at or now()
    CAMPAIGN.move(campaign, CampaignStatus.SCHEDULED)
    audit.record(
        actor, "campaign.launched" if at_once else "campaign.scheduled", campaign, people=found.people
    )
    if at_once:
        enqueue(JobName.LAUNCH_CAMPAIGN, campaign.id)
    return found


def start_due(campaign_id: int) -> Send | None:
    """The job: begin a scheduled campaign whose time has come. Of any number of these jobs exactly one begins it.

    What forbids it meanwhile (a recalled kit, nobody left to mail) takes it back to approved with the reason, for a person to see.
    So does a time that passed while nothing ran, and a try that fails again and again.
    """
    campaign = db.session.get(Campaign, campaign_id)  # unscoped: the job's own campaign
    if campaign is None:
        return None
    db.session.refresh(campaign, with_for_update=True)
    due = campaign.scheduled_at is not None and campaign.scheduled_at <= now()
    if campaign.status is not CampaignStatus.SCHEDULED or not due:
        log.info(
            "launch.skipped",
            campaign_id=campaign_id,
            status=campaign.status,
            reason="not scheduled, or not due",
        )
        return None
    if overdue.is_missed(campaign, now()):
        overdue.ask(campaign)
        return None
    if not overdue.take_turn(campaign, now()):
        return None
    found = check(None, campaign)
    if found.problems:
        overdue.take_back(campaign, found.problems[0].text)
        review.lapse(campaign)
        return None
    try:
        with db.session.begin_nested():
            CAMPAIGN.move(campaign, CampaignStatus.LAUNCHING)
            campaign.launched_at = now()
            send = freeze(campaign, found)
    except AppError as error:
        db.session.refresh(campaign)
        overdue.take_back(campaign, error.message)
        return None
    failpoints.hit("launch-frozen")
    enqueue(JobName.EXPAND_SEND, send.id)
    return send


def freeze(campaign: Campaign, found: LaunchCheck) -> Send:
    """Fix what is sent: pages; for each step its send, one rendering a version and its links; for a test who gets which.

    Returns the send of the first step. The later ones wait for their time.
    """
    if found.made is None or found.audience is None or not found.steps:
        raise Refused("This campaign can’t be launched yet.")
    review.must_match(campaign, found.made)
    pages = publish(campaign, found.made)
    sends = [_send(campaign, found, mail, pages) for mail in found.steps]
    if found.test is not None:
        _start_test(campaign, found.test.experiment, list(found.test.variants), found.audience.people)
    db.session.flush()
    return sends[0]


def _send(campaign: Campaign, found: LaunchCheck, mail: StepMail, pages: list[PublishedPage]) -> Send:
    assert found.made is not None  # noqa: S101 — freeze has looked
    first, test = mail.number == 1, found.test if mail.number == 1 else None
    send = Send(
        campaign_id=campaign.id,
        experiment_id=test.experiment.id if test else None,
        email=mail.piece.name,
        step=mail.number,
        starts_at=step_time(campaign, mail.step),
        unless=list(mail.step.unless),
        only=list(mail.step.only),
        status=SendStatus.EXPANDING if first else SendStatus.WAITING,
        list_id=campaign.list_id,
        people=_fixed(found),
        topic_id=campaign.topic_id,
        expected=found.people if first else 0,
        left_out={str(why): people for why, people in found.who.reasons.items()}
        if first and found.who
        else {},
        timing=timing_of(campaign, mail.step.day),
        sender_domain=found.made.sender.domain if found.made.sender else None,
        **_owners(campaign),
    )
    db.session.add(send)
    db.session.flush()
    variants: tuple[Variant | None, ...] = test.variants if test else (None,)
    for compiled, variant in zip(mail.versions, variants, strict=True):
        _rendering(campaign, send, found.made, compiled, variant)
    _links(campaign, send, mail.versions[0], pages)
    return send


def _fixed(found: LaunchCheck) -> dict[str, Any] | None:
    """A segment's rules as they are meant now: editing it later changes nothing that is sent."""
    if found.audience is None or not found.audience.is_segment:
        return None
    return {"rules": found.audience.people.rules.to_json(), "as_of": now().isoformat()}


def _owners(campaign: Campaign) -> dict[str, int]:
    return {"partner_id": campaign.partner_id, "vendor_id": campaign.vendor_id}


def _rendering(
    campaign: Campaign, send: Send, made: Prepared, compiled: CompiledEmail, variant: Variant | None
) -> None:
    head = message_headers(made)
    db.session.add(
        Rendering(
            send_id=send.id,
            variant_id=variant.id if variant else None,
            subject=preview_line(compiled, {})[0][:255],
            html=preview_html(compiled, {}),
            text=preview_text(compiled, {}),
            segments=build(compiled, head).to_bytes(),
            **_owners(campaign),
        )
    )


def _links(campaign: Campaign, send: Send, compiled: CompiledEmail, pages: list[PublishedPage]) -> None:
    landing = public_url_for("landing.page", pid=pages[0].pid) if pages else ""
    for target in compiled.links:
        url = landing if target.kind == "landing" else target.url
        db.session.add(
            Link(send_id=send.id, number=target.number, kind=target.kind, url=url, **_owners(campaign))
        )


def _start_test(campaign: Campaign, test: Experiment, variants: list[Variant], whom: People) -> None:
    """Everyone is assigned before anything is sent, in exact shares; the end of the test is fixed now."""
    moment = now()
    EXPERIMENT.move(test, ExperimentStatus.RUNNING)
    test.started_at, test.ends_at = moment, moment + TEST_LASTS
    people = mailable_select(campaign.partner_id, mail_of(campaign), whom).subquery()
    ids = list(db.session.scalars(select(people.c.contact_id)))
    shares = plan(test.pid.encode(), ids, [variant.weight for variant in variants])
    for start in range(0, len(ids), _CHUNK):
        db.session.execute(
            insert(Assignment),
            [
                _assignment(campaign, test, contact_id, variants[shares.variant(contact_id)], moment)
                for contact_id in ids[start : start + _CHUNK]
            ],
        )


def _assignment(
    campaign: Campaign, test: Experiment, contact_id: int, variant: Variant, at: datetime
) -> dict[str, object]:
    return {
        "experiment_id": test.id,
        "contact_id": contact_id,
        "variant_id": variant.id,
        "partner_id": campaign.partner_id,
        "assigned_at": at,
    }
