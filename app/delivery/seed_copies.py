"""A copy of each send for the seed list: written with the send, exactly once, and sent by the product's own mail path.

The bytes are the send's own segments with a sample person in them; the tokens say "copy", so nothing that happens to one is counted.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app import tokens
from app.accounts.models import Organisation
from app.audience.suppress import suppressed_hashes
from app.campaigns import seeds
from app.campaigns.models import Campaign
from app.campaigns.records import Seed
from app.clock import now
from app.db import db, is_sqlite, new_pid, scoped
from app.delivery.models import Link, Rendering, Send, SendStatus
from app.delivery.records import SeedCopy
from app.errors import NotFound
from app.mail.models import OutgoingMail
from app.mail.posting import post_finished
from app.mail.standing import Standing, standing
from app.render.mime import Recipient, Segments, Tokens

log = structlog.get_logger(__name__)

KIND = "seed_copy"
PURPOSE = "seed copy"  # of the tokens in its links
PREFIX = "seed."  # before them, so that no address of a copy looks like one of a delivery
SAID_NO = "They said no, or mail to them came back."


@dataclass(frozen=True)
class Copy:
    """A copy as its keeper sees it. `address` is empty where the address was taken out of the list since."""

    address: str
    name: str
    subject: str
    standing: Standing


def post_copies(send_id: int) -> int:
    """Write the copies of a send that is about to begin, one for each seed address and version; returns how many are new.

    Safe to run twice and at once: the row that is there already brings no second mail.
    """
    send = db.session.get_one(Send, send_id)  # unscoped: the job's own send
    if send.status is not SendStatus.EXPANDING:
        return 0
    renderings = list(
        db.session.scalars(
            select(Rendering).where(Rendering.send_id == send.id).order_by(Rendering.id)
        )  # unscoped: the send's own
    )
    made = 0
    for keeper_id in (send.partner_id, send.vendor_id):
        keeper = db.session.get_one(Organisation, keeper_id)
        mine = seeds.usable(keeper)
        noes = suppressed_hashes(send.partner_id, send.vendor_id, [seed.address_hash for seed in mine])
        for rendering in renderings:
            segments = Segments.from_bytes(rendering.segments)
            made += sum(_one(send, rendering, segments, keeper, seed, noes) for seed in mine)
    if made:
        log.info("send.copies", send_id=send.id, copies=made)
    return made


def _one(
    send: Send, rendering: Rendering, segments: Segments, keeper: Organisation, seed: Seed, noes: set[str]
) -> bool:
    left_out = SAID_NO if seed.address_hash in noes else None
    copy_id = _row(send, rendering, keeper, seed, left_out)
    if copy_id is None:
        return False
    if left_out is None:
        token = PREFIX + tokens.make(PURPOSE, copy_id)
        own = Tokens(click=token, unsubscribe=token, message_id=token, delivery=token)
        raw = segments.splice(Recipient(seed.address, own, _fields(seed, keeper)), "qp")
        mail = post_finished(KIND, seed.address, rendering.subject, raw, keeper)
        if send.opens_at is not None and send.opens_at > mail.not_before:
            mail.not_before = send.opens_at
        db.session.execute(update(SeedCopy).where(SeedCopy.id == copy_id).values(mail_id=mail.id))
    return True


def _row(
    send: Send, rendering: Rendering, keeper: Organisation, seed: Seed, reason: str | None
) -> int | None:
    """The id of the new row; None where there is one already."""
    insert: Any = sqlite.insert(SeedCopy) if is_sqlite() else postgresql.insert(SeedCopy)
    values = {
        "pid": new_pid(),
        "send_id": send.id,
        "rendering_id": rendering.id,
        "seed_id": seed.id,
        "organisation_id": keeper.id,
        "reason": reason,
        "created_at": now(),
    }
    statement = insert.values(**values).on_conflict_do_nothing(
        index_elements=["send_id", "seed_id", "rendering_id"]
    )
    found: int | None = db.session.execute(statement.returning(SeedCopy.id)).scalar_one_or_none()
    return found


def _fields(seed: Seed, keeper: Organisation) -> dict[str, str]:
    first, _, last = seed.name.partition(" ")
    return {"first_name": first, "last_name": last, "company": keeper.name}


def withdraw(seed: Seed) -> None:
    """Take back what has not left yet: the address said no, or was taken out."""
    mine = select(SeedCopy.mail_id).where(SeedCopy.seed_id == seed.id)  # unscoped: of this very address
    unsent = and_(*_unsent(), OutgoingMail.id.in_(mine))
    values = {"failed_at": now(), "reason": "Taken back: the address is off the list.", "raw": b""}
    db.session.execute(update(OutgoingMail).where(unsent).values(**values))


def _unsent() -> tuple[ColumnElement[bool], ...]:
    return (
        OutgoingMail.sent_at.is_(None),
        OutgoingMail.failed_at.is_(None),
        OutgoingMail.uncertain_at.is_(None),
        OutgoingMail.lease_until.is_(None),
    )


def copies_of(organisation: Organisation, campaign: Campaign) -> list[Copy]:
    """The copies of a campaign that went to this organisation's own addresses, in the order they were written."""
    sends = select(Send.id).where(Send.campaign_id == campaign.id)  # unscoped: of this campaign
    query = (
        scoped(organisation, SeedCopy)
        .add_columns(Seed, OutgoingMail, Rendering.subject)
        .join(Rendering, Rendering.id == SeedCopy.rendering_id)
        .outerjoin(Seed, Seed.id == SeedCopy.seed_id)
        .outerjoin(OutgoingMail, OutgoingMail.id == SeedCopy.mail_id)
        .where(SeedCopy.send_id.in_(sends))
        .order_by(SeedCopy.id)
    )
    return [
        Copy(
            seed.address if seed else "",
            seed.name if seed else "",
            subject,
            standing(mail) if mail else Standing("suppressed", copy.created_at, copy.reason or ""),
        )
        for copy, seed, mail, subject in db.session.execute(query)
    ]


def copy_of(token: str) -> SeedCopy:
    """The copy whose mail holds this token. Raises NotFound for forged ones."""
    found = db.session.get(SeedCopy, tokens.read(PURPOSE, token))  # unscoped: the token names the row
    if found is None:
        raise NotFound(kind="SeedCopy")
    return found


def link_of(copy: SeedCopy, number: int) -> Link:
    """Link `number` of the send that this is a copy of. Raises NotFound."""
    query = select(Link).where(  # unscoped: by a signed token's send
        Link.send_id == copy.send_id, Link.number == number
    )
    link = db.session.scalars(query).one_or_none()
    if link is None:
        raise NotFound(kind="Link")
    return link
