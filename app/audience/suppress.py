"""Everyone who said no: recorded once, under a keyed hash that outlives the contact.

Delivery asks here before each message; unsubscribes, bounces, complaints and people at the partner write here.
"""

import hmac
import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.audience.models import Suppression, SuppressionReason, SuppressionScope
from app.clock import now
from app.db import db, is_sqlite
from app.settings import current

log = structlog.get_logger(__name__)

PLATFORM = 0  # the organisation_id of suppressions that hold for everyone
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_OWN_WORDS = (SuppressionReason.UNSUBSCRIBE, SuppressionReason.COMPLAINT)
_BATCH = 5_000  # bound variables in one statement, well under the limit of both databases


def address_hash(email: str) -> str:
    """The keyed hash of a normalised address: HMAC-SHA256, 43 url-safe characters."""
    return hash_with(current().suppression_key.encode(), email)


def hash_with(key: bytes, email: str) -> str:
    """The same hash with a given key, for loops that look the key up once."""
    digest = hmac.digest(key, email.strip().lower().encode(), "sha256")
    return b2a_base64(digest, newline=False)[:43].translate(_URL_SAFE).decode()


def suppress(
    scope: SuppressionScope,
    organisation_id: int,
    address_hash: str,
    reason: SuppressionReason,
    delivery_id: int | None = None,
    at: datetime | None = None,
) -> None:
    """Record a no; saying it twice changes nothing, except that a person's own no replaces a bounce and what was added by hand."""
    suppress_all(scope, organisation_id, [address_hash], reason, delivery_id, at)
    log.info(
        "suppressed",
        scope=str(scope),
        organisation_id=organisation_id,
        reason=str(reason),
        delivery_id=delivery_id,
    )


def suppress_all(
    scope: SuppressionScope,
    organisation_id: int,
    hashes: Sequence[str],
    reason: SuppressionReason,
    delivery_id: int | None = None,
    at: datetime | None = None,
) -> None:
    """Record a no for many hashes in one statement."""
    suppress_each(scope, organisation_id, dict.fromkeys(hashes, delivery_id), reason, at)


def suppress_each(
    scope: SuppressionScope,
    organisation_id: int,
    by_hash: Mapping[str, int | None],
    reason: SuppressionReason,
    at: datetime | None = None,
) -> None:
    """Record a no for many hashes in one statement, each with the delivery it is about."""
    if not by_hash:
        return
    moment = at or now()
    rows = [
        {
            "scope": scope,
            "organisation_id": organisation_id,
            "address_hash": address_hash,
            "reason": reason,
            "delivery_id": delivery_id,
            "at": moment,
        }
        for address_hash, delivery_id in by_hash.items()
    ]
    insert: Any = sqlite.insert(Suppression) if is_sqlite() else postgresql.insert(Suppression)
    statement = insert.on_conflict_do_update(
        index_elements=["address_hash", "scope", "organisation_id"],
        set_={name: insert.excluded[name] for name in ("reason", "delivery_id", "at")},
        where=or_(
            and_(
                Suppression.reason == SuppressionReason.BOUNCE,
                insert.excluded.reason != SuppressionReason.BOUNCE,
            ),
            # what a colleague wrote down can be taken back by a colleague; the person's own words can't
            and_(
                Suppression.reason == SuppressionReason.MANUAL,
                or_(*(insert.excluded.reason == own for own in _OWN_WORDS)),
            ),
        ),
    )
    db.session.execute(statement, rows)


def applies(partner_id: int, vendor_id: int | None) -> ColumnElement[bool]:
    """The suppressions that count for a mail of this partner with this vendor (None: with nobody)."""
    scopes = [
        and_(Suppression.scope == SuppressionScope.PARTNER, Suppression.organisation_id == partner_id),
        and_(Suppression.scope == SuppressionScope.PLATFORM, Suppression.organisation_id == PLATFORM),
    ]
    if vendor_id is not None:
        scopes.append(
            and_(Suppression.scope == SuppressionScope.VENDOR, Suppression.organisation_id == vendor_id)
        )
    return or_(*scopes)


def is_suppressed(hash_column: Any, partner_id: int, vendor_id: int | None) -> ColumnElement[bool]:
    """An EXISTS on a column that holds address hashes, for use inside another statement's WHERE."""
    inner = select(Suppression.id).where(
        Suppression.address_hash == hash_column, applies(partner_id, vendor_id)
    )
    return inner.correlate_except(Suppression).exists()


def suppressed_hashes(partner_id: int, vendor_id: int | None, hashes: Iterable[str]) -> set[str]:
    """Which of these hashes must not be mailed by this partner with this vendor."""
    wanted = list(dict.fromkeys(hashes))
    found: set[str] = set()
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        found.update(
            db.session.scalars(
                select(Suppression.address_hash).where(
                    Suppression.address_hash.in_(part), applies(partner_id, vendor_id)
                )
            )
        )
    return found


def said_no(partner_id: int, hashes: Sequence[str]) -> set[str]:
    """Which of these people said no to the partner themselves, or had it said for them: bounces are no answer."""
    rows = db.session.scalars(
        select(Suppression.address_hash).where(
            among(Suppression.address_hash, hashes),
            applies(partner_id, None),
            Suppression.reason != SuppressionReason.BOUNCE,
        )
    )
    return set(rows)


def among(column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column is one of many texts, given as one bound value: thousands of them cost what one does."""
    if is_sqlite():
        return column.in_(select(func.json_each(json.dumps(list(texts))).table_valued("value").c.value))  # type: ignore[no-any-return]
    return column == func.any(cast(list(texts), postgresql.ARRAY(Text)))  # type: ignore[no-any-return]


def suppressions_of(partner_id: int, vendor_ids: Sequence[int], address_hash: str) -> list[Suppression]:
    """Every no that keeps this partner from mailing this address, the oldest first."""
    counts = [applies(partner_id, None)]
    if vendor_ids:
        counts.append(
            and_(Suppression.scope == SuppressionScope.VENDOR, Suppression.organisation_id.in_(vendor_ids))
        )
    query = (
        select(Suppression)
        .where(Suppression.address_hash == address_hash, or_(*counts))
        .order_by(Suppression.at, Suppression.id)
    )
    return list(db.session.scalars(query))


def lift(suppressions: Sequence[Suppression]) -> None:
    """Take noes back; whoever calls has made sure that the person, or their own partner, asked for it."""
    if suppressions:
        db.session.execute(delete(Suppression).where(Suppression.id.in_([s.id for s in suppressions])))
        log.info("suppression.lifted", ids=[s.id for s in suppressions])
