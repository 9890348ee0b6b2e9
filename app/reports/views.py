"""The two home pages: a partner's next ten minutes, and what a vendor's money did."""

from flask import Blueprint, render_template

from app.accounts.access import ANYONE, actor, member
from app.clock import today
from app.delivery import progress
from app.programs.queries import vendors_of
from app.reports import partner, vendor
from app.settings import current

bp = Blueprint("home", __name__)
blueprints = [bp]


@bp.get("/")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> str:
    """Home."""
    me = actor()
    day = today(me.organisation.timezone)
    if me.is_vendor:
        return render_template(
            "reports/home_vendor.html",
            today=day,
            flows=vendor.flows(me.organisation),
            waiting=vendor.waiting(me.organisation),
            returns=vendor.kit_returns(me.organisation),
            activity=vendor.activity(me.organisation),
        )
    return render_template(
        "reports/home_partner.html",
        today=day,
        todos=partner.todos(me),
        running=[(c, progress.of(c)) for c in partner.running(me.organisation)],
        new_leads=partner.new_leads(me.organisation),
        results=partner.results(me.organisation),
        wallets=partner.wallets(me.organisation),
        owed=partner.owed(me.organisation),
        vendors=[v.name for v, _ in vendors_of(me.organisation)],
        coming=partner.coming_up(me.organisation),
        answer_hours=current().answer_hours,
    )
