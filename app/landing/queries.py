"""Reading published pages and what people left on them."""

from sqlalchemy import select

from app.accounts.models import Organisation
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.errors import NotFound
from app.landing.models import PublishedPage, Submission


def public_page(pid: str) -> PublishedPage:
    """A page by the id in its address, for anybody. Raises NotFound."""
    page = db.session.scalars(
        select(PublishedPage).where(PublishedPage.pid == pid)
    ).one_or_none()  # unscoped: pages are public
    if page is None:
        raise NotFound(kind="PublishedPage")
    return page


def answers_on(page: PublishedPage, submission_id: int) -> dict[str, str]:
    """What was filled in on this page; nothing where the submission is another page's."""
    query = select(Submission).where(  # unscoped: of a public page, by an id that a signed token holds
        Submission.id == submission_id, Submission.page_id == page.id
    )
    stored = db.session.scalars(query).one_or_none()
    return {key: str(value) for key, value in stored.fields.items()} if stored else {}


def held(partner: Organisation, campaign: Campaign) -> list[Submission]:
    """Submissions held back, the newest first, with their reasons."""
    query = scoped(partner, Submission).where(
        Submission.campaign_id == campaign.id, Submission.held_reason.is_not(None)
    )
    return list(db.session.scalars(query.order_by(Submission.id.desc())))
