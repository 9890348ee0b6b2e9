"""Proof that writes itself: what ran on the platform, read from the campaign's own rows and sealed with a hash when claimed.

Neither side can edit it. It holds counts, dates and subjects, and of people only how many.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.campaigns.queries import campaign_by_id
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering, Send
from app.kits.queries import kit_by_id, version_by_id
from app.landing.models import PublishedPage
from app.leads.models import Lead
from app.mdf import related
from app.mdf.models import Claim, MdfRequest


def seal(claim: Claim, request: MdfRequest) -> None:
    """Write the packet and its SHA-256 into the claim. Called once, when it is submitted."""
    claim.packet = {
        "invoice": _invoice(claim),
        "request": _request(request),
        **(_campaign(request.campaign_id) if request.campaign_id else {}),
    }
    claim.packet_sha256 = fingerprint(claim.packet)


def fingerprint(packet: dict[str, Any]) -> str:
    """SHA-256, in hex, over the packet as canonical JSON (keys sorted, no blanks, UTF-8)."""
    return hashlib.sha256(canonical(packet)).hexdigest()


def canonical(packet: dict[str, Any]) -> bytes:
    """The bytes that are hashed: the same for the same facts, whatever order a database gives the keys back in."""
    return json.dumps(packet, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def holds(claim: Claim) -> bool:
    """Whether the packet is still what was sealed."""
    return fingerprint(claim.packet) == claim.packet_sha256


def _invoice(claim: Claim) -> dict[str, Any]:
    file = related.invoice_of(claim)
    return {
        "number": claim.invoice_number,
        "supplier": claim.supplier,
        "date": claim.invoice_on.isoformat(),
        "amount_minor": claim.invoice_minor,
        "currency": claim.currency,
        "file_sha256": file.sha256 if file else None,
    }


def _request(request: MdfRequest) -> dict[str, Any]:
    return {
        "number": request.number,
        "approved_minor": request.approved_minor,
        "rate": request.rate,
        "from": request.starts_on.isoformat(),
        "to": request.ends_on.isoformat(),
    }


def _campaign(campaign_id: int) -> dict[str, Any]:
    campaign = campaign_by_id(campaign_id)
    version = version_by_id(campaign.kit_version_id)
    kit = kit_by_id(version.kit_id)
    return {
        "campaign": {
            "pid": campaign.pid,
            "name": campaign.name,
            "kit": kit.name,
            "kit_version": version.version,
            "launched_at": _iso(campaign.launched_at),
            "finished_at": _iso(campaign.finished_at),
        },
        "mails": _mails(campaign_id),
        "deliveries": _deliveries(campaign_id),
        "people": _people(campaign_id),
        "pages": _pages(campaign_id),
        "leads": _leads(campaign_id),
    }


def _mails(campaign_id: int) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(
            Send.email, Send.started_at, Send.finished_at, Rendering.subject, Rendering.html
        )  # unscoped: one partner's campaign
        .join(Rendering, Rendering.send_id == Send.id)
        .where(Send.campaign_id == campaign_id, Send.started_at.is_not(None))  # a step to come is no proof
        .order_by(Send.step, Send.id, Rendering.id)
    )
    return [
        {
            "email": email,
            "subject": subject,
            "from": _iso(start),
            "to": _iso(end),
            "html_sha256": hashlib.sha256(html.encode()).hexdigest(),
        }
        for email, start, end, subject, html in rows
    ]


def _deliveries(campaign_id: int) -> dict[str, int]:
    """Messages of all steps by state."""
    rows = db.session.execute(
        select(Delivery.state, func.count())  # unscoped: one partner's campaign
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.campaign_id == campaign_id)
        .group_by(Delivery.state)
    )
    return {str(state): count for state, count in rows}


def _people(campaign_id: int) -> int:
    """How many people were reached, each once: whoever got a later step got the first one too."""
    query = (
        select(func.count())  # unscoped: one partner's campaign
        .select_from(Delivery)
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.campaign_id == campaign_id, Send.step == 1, Delivery.state == DeliveryState.ACCEPTED)
    )
    return db.session.scalar(query) or 0


def _pages(campaign_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(PublishedPage).where(PublishedPage.campaign_id == campaign_id).order_by(PublishedPage.id)
    )  # unscoped: see above
    return [{"name": page.name, "from": _iso(page.published_at), "to": _iso(page.closed_at)} for page in rows]


def _leads(campaign_id: int) -> dict[str, int]:
    total, shared = db.session.execute(
        select(func.count(), func.count(Lead.shared_at)).where(
            Lead.campaign_id == campaign_id
        )  # unscoped: counts of one partner's campaign
    ).one()
    return {"total": total, "shared": shared}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
