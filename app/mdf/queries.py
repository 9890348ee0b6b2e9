"""What stands where: balances as sums over ledger accounts, and the lists that pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from app.accounts.models import Membership, Organisation, Person, Role
from app.db import db, scoped
from app.mdf.models import (
    AccountKind,
    ActivityType,
    Claim,
    ClaimStatus,
    Fund,
    LedgerAccount,
    MdfNote,
    MdfRequest,
    RequestStatus,
)
from app.programs.models import Partnership, PartnershipStatus

WAITING = (ClaimStatus.SUBMITTED, ClaimStatus.INFORMATION_REQUESTED)


def funds(vendor: Organisation) -> list[Fund]:
    """A vendor's funds, those that end last first."""
    return list(db.session.scalars(scoped(vendor, Fund).order_by(Fund.ends_on.desc(), Fund.id)))


def activities(fund: Fund) -> list[ActivityType]:
    """What a fund pays for."""
    return list(
        db.session.scalars(
            select(ActivityType).where(ActivityType.fund_id == fund.id).order_by(ActivityType.id)
        )
    )  # unscoped: the caller's fund


def partners(vendor: Organisation) -> list[Organisation]:
    """A vendor's active partners by name."""
    return list(
        db.session.scalars(
            scoped(vendor, Partnership)
            .join(Organisation, Organisation.id == Partnership.partner_id)
            .where(Partnership.status == PartnershipStatus.ACTIVE)
            .with_only_columns(Organisation)
            .order_by(Organisation.name)
        )
    )


@dataclass(frozen=True)
class Offer:
    """Something a partner may ask money for: the activity, its fund and vendor, and what is available in that fund."""

    activity: ActivityType
    fund: Fund
    vendor: Organisation
    available: int


def offers(partner: Organisation, today: date, vendor_id: int | None = None) -> list[Offer]:
    """Activities of running funds that gave this partner money; those of one vendor if `vendor_id` is given."""
    statement = (
        scoped(partner, LedgerAccount)
        .join(Fund, Fund.id == LedgerAccount.fund_id)
        .join(ActivityType, ActivityType.fund_id == Fund.id)
        .join(Organisation, Organisation.id == Fund.vendor_id)
        .join(Partnership, (Partnership.vendor_id == Fund.vendor_id) & (Partnership.partner_id == partner.id))
        .where(
            LedgerAccount.kind == AccountKind.AVAILABLE,
            Fund.ends_on >= today,
            Partnership.status == PartnershipStatus.ACTIVE,
        )
        .with_only_columns(ActivityType, Fund, Organisation, LedgerAccount.balance_minor)
        .order_by(Organisation.name, Fund.ends_on, ActivityType.id)
    )
    if vendor_id is not None:
        statement = statement.where(Fund.vendor_id == vendor_id)
    return [Offer(*row) for row in db.session.execute(statement).all()]


@dataclass(frozen=True)
class Line:
    """A request as a list shows it, with its latest claim."""

    request: MdfRequest
    activity: str
    partner: Organisation
    vendor: Organisation
    claim: Claim | None


def lines(
    organisation: Organisation, *, partner_id: int | None = None, fund_id: int | None = None, limit: int = 200
) -> list[Line]:
    """An organisation's requests, newest first (drafts of partners are no vendor's business)."""
    vendor_side = organisation.kind == "vendor"
    other = MdfRequest.partner_id if vendor_side else MdfRequest.vendor_id
    statement = (
        scoped(organisation, MdfRequest)
        .join(ActivityType, ActivityType.id == MdfRequest.activity_type_id)
        .join(Organisation, Organisation.id == other)
        .with_only_columns(MdfRequest, ActivityType.name, Organisation)
        .order_by(MdfRequest.id.desc())
        .limit(limit)
    )
    if vendor_side:
        statement = statement.where(MdfRequest.status != RequestStatus.DRAFT)
    if partner_id is not None:
        statement = statement.where(MdfRequest.partner_id == partner_id)
    if fund_id is not None:
        statement = statement.where(MdfRequest.fund_id == fund_id)
    rows = db.session.execute(statement).all()
    latest = _latest_claims(organisation, [row[0].id for row in rows])
    return [
        Line(
            request,
            activity,
            found if vendor_side else organisation,
            organisation if vendor_side else found,
            latest.get(request.id),
        )
        for request, activity, found in rows
    ]


def _latest_claims(organisation: Organisation, request_ids: Sequence[int]) -> dict[int, Claim]:
    rows = db.session.scalars(
        scoped(organisation, Claim).where(Claim.request_id.in_(request_ids)).order_by(Claim.id)
    )
    return {claim.request_id: claim for claim in rows}


@dataclass(frozen=True)
class ClaimLine:
    """A claim as a queue shows it."""

    claim: Claim
    request: MdfRequest
    activity: str
    partner: Organisation


def claim_lines(vendor: Organisation, statuses: Sequence[ClaimStatus]) -> list[ClaimLine]:
    """A vendor's claims in these states, the longest wait first."""
    rows = db.session.execute(
        scoped(vendor, Claim)
        .join(MdfRequest, MdfRequest.id == Claim.request_id)
        .join(ActivityType, ActivityType.id == MdfRequest.activity_type_id)
        .join(Organisation, Organisation.id == Claim.partner_id)
        .where(Claim.status.in_(statuses))
        .with_only_columns(Claim, MdfRequest, ActivityType.name, Organisation)
        .order_by(Claim.submitted_at, Claim.id)
    ).all()
    return [ClaimLine(*row) for row in rows]


def waiting_requests(vendor: Organisation) -> list[Line]:
    """A vendor's undecided requests, the longest wait first."""
    undecided = [
        line
        for line in lines(vendor)
        if line.request.status in (RequestStatus.SUBMITTED, RequestStatus.INFORMATION_REQUESTED)
    ]
    return sorted(
        undecided, key=lambda line: (line.request.submitted_at or line.request.created_at, line.request.id)
    )


def waiting_count(organisation: Organisation) -> int:
    """How many decisions (a vendor's) or answers (a partner's) wait for this organisation."""
    if organisation.kind == "vendor":
        return _count(
            scoped(organisation, MdfRequest).where(MdfRequest.status == RequestStatus.SUBMITTED)
        ) + _count(
            scoped(organisation, Claim).where(Claim.status.in_((ClaimStatus.SUBMITTED, ClaimStatus.APPROVED)))
        )
    return _count(
        scoped(organisation, MdfRequest).where(MdfRequest.status == RequestStatus.INFORMATION_REQUESTED)
    ) + _count(scoped(organisation, Claim).where(Claim.status == ClaimStatus.INFORMATION_REQUESTED))


def _count(statement: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def claims_of(organisation: Organisation, request: MdfRequest) -> list[Claim]:
    """A request's claims, oldest first."""
    return list(
        db.session.scalars(
            scoped(organisation, Claim).where(Claim.request_id == request.id).order_by(Claim.id)
        )
    )


def other_claims(claim: Claim) -> int:
    """How many other claims of the same vendor and partner an invoice is compared with."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Claim)
            .where(
                Claim.partner_id == claim.partner_id, Claim.id != claim.id
            )  # unscoped: one partner's claims
        )
        or 0
    )


@dataclass(frozen=True)
class NoteLine:
    """A note with the name of who wrote it."""

    note: MdfNote
    author: str


def notes_of(organisation: Organisation, request: MdfRequest, claim: Claim | None = None) -> list[NoteLine]:
    """What was written about a request, or about one of its claims, oldest first."""
    statement = (
        scoped(organisation, MdfNote)
        .outerjoin(Person, Person.id == MdfNote.person_id)
        .where(MdfNote.request_id == request.id)
        .with_only_columns(MdfNote, func.coalesce(Person.name, "Somebody"))
        .order_by(MdfNote.id)
    )
    statement = (
        statement.where(MdfNote.claim_id == claim.id)
        if claim
        else statement.where(MdfNote.claim_id.is_(None))
    )
    return [NoteLine(*row) for row in db.session.execute(statement).all()]


def deciders(vendor_id: int) -> list[Person]:
    """Who may decide on money at a vendor: funds approvers first, then admins."""
    rows = db.session.execute(
        select(Person, Membership.role)  # unscoped: the people of one vendor, for its own mails and clocks
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organisation_id == vendor_id, Membership.role.in_((Role.ADMIN, Role.APPROVER)))
        .order_by(Person.id)
    ).all()
    return [person for person, _ in sorted(rows, key=lambda row: row[1] != Role.APPROVER)]


def askers(partner_id: int) -> list[Person]:
    """Who may ask for money at a partner."""
    return list(
        db.session.scalars(
            select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.organisation_id == partner_id, Membership.role.in_((Role.ADMIN, Role.MARKETER)))
            .order_by(Person.id)
        )
    )
