"""A filled form becomes a stored submission before anything else happens.

The same form sent twice is one submission; what looks like a robot's is kept apart with its reason, never thrown away.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import tokens
from app.audience import engagement, opt_in, remember
from app.audience.preferences import rules_of
from app.clock import now
from app.db import db
from app.delivery import ended
from app.delivery.models import Delivery, Rendering
from app.errors import Conflict
from app.landing.models import PublishedPage, Submission
from app.landing.read import Answers
from app.landing.shown import FORM_PURPOSE
from app.render.form import FormSpec

log = structlog.get_logger(__name__)

FORM_LIVES = 7 * 86_400
FASTEST_SECONDS = 2
MARKETING = (
    "marketing"  # the consent of this name is a yes to marketing mails; others are about the request itself
)


def submit(
    page: PublishedPage,
    form: FormSpec,
    answers: Answers,
    token: str,
    origin: "Origin",
    source: Mapping[str, str],
) -> tuple[Submission, bool]:
    """Store what a person sent; returns it and whether it is new (the same form sent twice is one submission).

    Raises BadToken for a form that is not of this page or older than a week.
    """
    facts = tokens.read_timed(FORM_PURPOSE, token, FORM_LIVES)
    if facts.get("p") != page.id:
        raise tokens.BadToken()
    known = _same_form(page, str(facts["n"]))
    if known:
        return known, False
    held = _held(answers, float(facts["at"]))
    moment = now()
    submission = Submission(
        partner_id=page.partner_id,
        campaign_id=page.campaign_id,
        page_id=page.id,
        form_token=str(facts["n"]),
        email=answers.email,
        fields=answers.fields,
        consents=_consents(form, answers, page.content["consents"]),
        source=dict(source),
        held_reason=held,
        at=moment,
    )
    try:
        with db.session.begin_nested():
            if held is None:
                _tie(submission, page, answers, origin)
            db.session.add(submission)
    except IntegrityError:  # the same form, or the same new person, a moment ago on another connection
        known = _same_form(page, str(facts["n"]))
        if known is None:
            raise Conflict("That was sent twice at the same moment. Send it once more.") from None
        return known, False
    if submission.contact_id is not None:
        engagement.mark([(submission.partner_id, submission.contact_id)])
    log.info("submission.stored", submission=submission.id, page=page.id, held=held)
    return submission, True


def _same_form(page: PublishedPage, nonce: str) -> Submission | None:
    return db.session.scalars(
        select(Submission).where(
            Submission.page_id == page.id, Submission.form_token == nonce
        )  # unscoped: by the page's own form
    ).one_or_none()


def _held(answers: Answers, shown: float) -> str | None:
    if answers.trapped:
        return "filled the field that people don’t see"
    if now().timestamp() - shown < FASTEST_SECONDS:
        return f"sent within {FASTEST_SECONDS} seconds"
    return None


def _consents(form: FormSpec, answers: Answers, wordings: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": c.name,
            "wording": wordings[c.name],
            "version": wording_version(wordings[c.name]),
            "ticked": answers.consents[c.name],
        }
        for c in form.consents
    ]


def wording_version(wording: str) -> str:
    """The fingerprint of a consent's exact words."""
    return hashlib.sha256(wording.encode()).hexdigest()[:12]


def _tie(submission: Submission, page: PublishedPage, answers: Answers, origin: "Origin") -> None:
    """Tie the submission to a contact and to the mail that brought the person, if one did."""
    fields = answers.fields
    visitor = remember.Visitor(
        answers.email, fields.get("name", ""), fields.get("company", ""), fields.get("phone", "")
    )
    contact = remember.remember(page.partner_id, visitor)
    submission.contact_id = contact.id
    for given in submission.consents:
        if given["name"] == MARKETING and given["ticked"]:
            words = remember.GivenConsent(
                given["wording"],
                given["version"],
                page.content["controller"],
                f"Form on “{page.content['title']}”",
                submission.at,
            )
            if rules_of(page.partner_id).double_opt_in:
                opt_in.ask(contact, words)
            else:
                remember.record_consent(contact, words)
    delivery = origin.delivery or _delivery_to(page.campaign_id, contact.id)
    people = {contact.id}
    if delivery and delivery.campaign_id == page.campaign_id:
        people.add(delivery.contact_id)
        submission.delivery_id, submission.variant_id = delivery.id, _variant_of(delivery)
    elif origin.rendering:
        submission.variant_id = origin.rendering.variant_id
    # Whoever came by another person's mail answered it: a reminder would ask that person for what has been done.
    ended.converted(page.partner_id, page.campaign_id, people, submission.at)


def _variant_of(delivery: Delivery) -> int | None:
    """The version of the test that this person got: with the first step, whichever step brought them."""
    if delivery.variant_id is not None:
        return delivery.variant_id
    return db.session.scalars(
        select(Delivery.variant_id).where(  # unscoped: by the delivery's own contact
            Delivery.contact_id == delivery.contact_id,
            Delivery.campaign_id == delivery.campaign_id,
            Delivery.variant_id.is_not(None),
        )
    ).first()


def _delivery_to(campaign_id: int, contact_id: int) -> Delivery | None:
    # The form identifies whoever fills it in, so the thread back to the mail holds without tracking consent too.
    return db.session.scalars(
        select(Delivery)  # unscoped: both ids are one partner's
        .where(Delivery.campaign_id == campaign_id, Delivery.contact_id == contact_id)
        .order_by(Delivery.id.desc())
    ).first()


class Origin:
    """What the link that led here says: a delivery (with tracking consent), or only which rendering, or nothing."""

    def __init__(self, delivery: Delivery | None = None, rendering: Rendering | None = None) -> None:
        self.delivery = delivery
        self.rendering = rendering


def origin_of(page: PublishedPage, token: str) -> Origin:
    """Read the `t` of a link. A forged or foreign token says nothing: the page is served all the same."""
    for purpose, model in (("click", Delivery), ("rendering", Rendering)):
        try:
            row = db.session.get(model, tokens.read(purpose, token))  # unscoped: by a signed token
        except tokens.BadToken:
            continue
        if isinstance(row, Delivery) and row.campaign_id == page.campaign_id:
            return Origin(delivery=row)
        if isinstance(row, Rendering) and row.partner_id == page.partner_id:
            return Origin(rendering=row)
    return Origin()
