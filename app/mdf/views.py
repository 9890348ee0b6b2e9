"""The funds' pages: what both sides see is here, the partner's own in `partner_views`, the vendor's in `vendor_views`."""

from flask import Response, abort, render_template

from app.accounts.access import ANYONE, actor, member
from app.assets.store import store
from app.campaigns.review_facts import register_fact
from app.db import get_or_404
from app.mdf import (
    ask_views,
    fund_views,
    packet,
    partner_views,
    queries,
    related,
    review_fact,
    statement,
    vendor_views,
)
from app.mdf.blueprint import bp
from app.mdf.models import Claim, MdfRequest
from app.web.navigation import register_count

__all__ = ["ask_views", "blueprints", "fund_views"]

blueprints = [bp]

register_fact(review_fact.money_of)
register_count("funds", lambda who: queries.waiting_count(who.organisation))


@bp.get("/funds")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> str:
    """A partner's balance with its requests and claims; a vendor's funds with what waits for a decision."""
    return vendor_views.overview() if actor().is_vendor else partner_views.overview()


@bp.get("/funds/requests/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def request_page(pid: str) -> str:
    """One request: its plan, where it stands, and what this side may do."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    return vendor_views.request_page(row) if actor().is_vendor else partner_views.request_page(row)


@bp.get("/funds/claims/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def claim_page(pid: str) -> str:
    """One claim: its packet, its rules, and what this side may do."""
    row = get_or_404(actor().organisation, Claim, pid)
    return vendor_views.claim_page(row) if actor().is_vendor else partner_views.claim_page(row)


@bp.get("/funds/claims/<pid>/packet.json")
@member(vendor=ANYONE, partner=ANYONE)
def claim_packet(pid: str) -> Response:
    """The packet in the very bytes that were hashed, so that anybody can check the seal: its SHA-256 is the fingerprint."""
    claim = get_or_404(actor().organisation, Claim, pid)
    headers = {"Content-Disposition": f'attachment; filename="{claim.number}.json"'}
    return Response(packet.canonical(claim.packet), mimetype="application/json", headers=headers)


@bp.get("/funds/claims/<pid>/invoice")
@member(vendor=ANYONE, partner=ANYONE)
def claim_invoice(pid: str) -> Response:
    """The invoice as it was added, for the two sides of the claim."""
    claim = get_or_404(actor().organisation, Claim, pid)
    file = related.invoice_of(claim)
    if file is None:
        abort(404)
    ending = file.key.rsplit(".", 1)[-1]
    headers = {
        "Content-Disposition": f'attachment; filename="{claim.number}-invoice.{ending}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(store().get(file.key), mimetype=file.content_type, headers=headers)


@bp.get("/funds/ledger")
@member(vendor=ANYONE, partner=ANYONE)
def ledger() -> str:
    """Every transfer, newest first: which account it left, which it entered, by which step, by whom and why."""
    return render_template("mdf/ledger.html", rows=statement.ledger_lines(actor().organisation))
