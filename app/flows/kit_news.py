"""What partners hear of kits by mail: a version is out, a version was withdrawn. One mail a person and version.

The row of each partner is written with the deed; a job mails them in small portions, and the beat finds what no job took.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy import Select, func, select

from app.accounts.actor import Actor
from app.accounts.models import Organisation, Person
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now, today
from app.db import db, scoped
from app.kits import publish as publishing
from app.kits.models import KitNews, KitQuiet, KitVersion, NewsKind
from app.kits.publish import Between
from app.kits.queries import kit_by_id, kit_source, open_kits, version_by_id
from app.kits.visibility import why_not
from app.mail import post
from app.mdf.queries import askers
from app.programs.queries import partners_of
from app.queue import JobName, enqueue, ring
from app.settings import current
from app.web.hosts import app_url_for

log = structlog.get_logger(__name__)

_PORTION = 10  # partners told in one transaction
_LATE = timedelta(seconds=10)
_TOLD = {
    "stopped": "was being sent. It is stopped for good: nobody else gets it.",
    "unscheduled": "was scheduled. It is taken back and goes to nobody.",
    "open": "is not launched. It can’t be launched from this version any more.",
    "done": "has been sent. Nothing more of it goes out, and nothing is taken back.",
}


def publish(actor: Actor, version: KitVersion, change_summary: str, between: Between | None = None) -> int:
    """Publish a draft (see app.kits.publish) and tell the partners who use the kit and see the version; returns how many."""
    publishing.publish(actor, version, change_summary, between or (lambda: None))
    return note(version, NewsKind.PUBLISHED, {id_: {} for id_ in listeners(actor.organisation, version)})


def listeners(vendor: Organisation, version: KitVersion) -> list[int]:
    """The partners who made a campaign of the kit, whatever its version, and see this one: they are mailed when it is published."""
    versions = select(KitVersion.id).where(
        KitVersion.kit_id == version.kit_id
    )  # unscoped: of the vendor's own kit
    using = scoped(vendor, Campaign).where(
        Campaign.kit_version_id.in_(versions), Campaign.status != CampaignStatus.CANCELLED
    )
    ids = set(db.session.scalars(using.with_only_columns(Campaign.partner_id).distinct()))
    source = kit_source(version)
    return [
        partner.id
        for partner, terms in partners_of(vendor)
        if partner.id in ids and why_not(source, terms, today(partner.timezone)) is None
    ]


def note(version: KitVersion, kind: NewsKind, partners: Mapping[int, Mapping[str, str]]) -> int:
    """Write down who is told of the version, with what was done to whose campaigns (id → what); returns how many partners."""
    db.session.add_all(
        KitNews(
            version_id=version.id,
            vendor_id=version.vendor_id,
            partner_id=id_,
            kind=kind,
            campaigns=dict(done),
        )
        for id_, done in partners.items()
    )
    if partners:
        db.session.flush()
        enqueue(JobName.TELL_PARTNERS, version.id)
    return len(partners)


def tell(version_id: int) -> int:
    """The job: mail the next partners who are not told yet; it rings again while some are left. Returns how many were told."""
    query = (
        select(KitNews)  # unscoped: a job
        .where(KitNews.version_id == version_id, KitNews.told_at.is_(None))
        .order_by(KitNews.id)
        .limit(_PORTION)
        .with_for_update(skip_locked=True)
    )
    rows = list(db.session.scalars(query))
    for row in rows:
        row.mails = _mail(row, version_by_id(version_id))
        row.told_at = now()
        log.info("kit.told", version_id=version_id, partner_id=row.partner_id, kind=row.kind, mails=row.mails)
    if len(rows) == _PORTION:
        enqueue(JobName.TELL_PARTNERS, version_id)
    return len(rows)


def wake(app: Flask) -> int:
    """Ring for partners that nobody has told, from the database alone; returns for how many versions."""
    with app.app_context():
        waiting = select(KitNews.version_id).where(  # unscoped: the beat
            KitNews.told_at.is_(None), KitNews.created_at < now() - _LATE
        )
        ids = list(db.session.scalars(waiting.distinct()))
        db.session.commit()
        if ids:
            ring(current(), [(JobName.TELL_PARTNERS, (id_,)) for id_ in ids])
        return len(ids)


def told(version: KitVersion, kind: NewsKind) -> int:
    """How many partners have been told of it, or are just being told."""
    query = select(func.count()).where(KitNews.version_id == version.id, KitNews.kind == kind)
    return db.session.scalar(query) or 0


def is_quiet(actor: Actor) -> bool:
    """Whether the person wants no mails about new versions."""
    return db.session.scalars(_quiet(actor)).first() is not None


def set_quiet(actor: Actor, quiet: bool) -> None:
    """Turn the mails about new versions off, or on again, for this person at this partner."""
    row = db.session.scalars(_quiet(actor)).first()
    if quiet and row is None:
        db.session.add(KitQuiet(person_id=actor.person.id, organisation_id=actor.organisation.id))
    elif not quiet and row is not None:
        db.session.delete(row)


def _quiet(actor: Actor) -> Select[KitQuiet]:
    return scoped(actor.organisation, KitQuiet).where(KitQuiet.person_id == actor.person.id)


def _mail(row: KitNews, version: KitVersion) -> int:
    partner = db.session.get_one(Organisation, row.partner_id)
    context = {
        "vendor": db.session.get_one(Organisation, row.vendor_id).name,
        "kit": kit_source(version).name,
        "version": version.version,
        **(_of_recall(row, version, partner) if row.kind is NewsKind.RECALLED else _of_release(version)),
    }
    people = _people(row)
    for person in people:
        post(f"kit_{row.kind}", person.email, {**context, "person": person}, partner)
    return len(people)


def _of_release(version: KitVersion) -> dict[str, object]:
    kit = kit_by_id(version.kit_id)
    return {
        "summary": version.change_summary,
        "link": app_url_for("kits.show", pid=kit.pid),
        "stop": app_url_for("kits.news"),
    }


def _of_recall(row: KitNews, version: KitVersion, partner: Organisation) -> dict[str, object]:
    newer = next((item for item in open_kits(partner) if item.kit.id == version.kit_id), None)
    return {
        "reason": version.recall_reason,
        "lines": _lines(row),
        "newer": newer.version.version if newer else "",
        "link": app_url_for("kits.show", pid=newer.kit.pid) if newer else app_url_for("campaigns.index"),
    }


def _lines(row: KitNews) -> list[tuple[str, str]]:
    """Each of the partner's campaigns by name with what became of it, those that were stopped first."""
    ids = [int(id_) for id_ in row.campaigns]
    query = select(Campaign.id, Campaign.name).where(
        Campaign.id.in_(ids)
    )  # unscoped: the row's own partner's
    names = {str(id_): name for id_, name in db.session.execute(query)}
    order = list(_TOLD)
    found = sorted(row.campaigns.items(), key=lambda item: (order.index(item[1]), int(item[0])))
    return [(names[id_], _TOLD[what]) for id_, what in found if id_ in names]


def _people(row: KitNews) -> Sequence[Person]:
    """Who works on campaigns there; of a new version not those who turned these mails off."""
    everyone = askers(row.partner_id)
    if row.kind is NewsKind.RECALLED:
        return everyone
    query = select(KitQuiet.person_id).where(
        KitQuiet.organisation_id == row.partner_id
    )  # unscoped: of this partner
    quiet = set(db.session.scalars(query))
    return [person for person in everyone if person.id not in quiet]
