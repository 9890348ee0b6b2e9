"""Tests as people read them: the verdict first, then how it came about, and the rules that were fixed before the start."""

from flask import Blueprint, current_app, render_template, url_for

from app.abtest import queries
from app.abtest.decide import evidence_words, lift_words
from app.abtest.models import Experiment
from app.abtest.picture import evidence_picture, lift_picture
from app.accounts.access import ANYONE, actor, member
from app.campaigns.queries import campaign_by_id, partner_of
from app.db import get_or_404
from app.flows import verdict

bp = Blueprint("tests", __name__)
blueprints = [bp]


@bp.get("/tests")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> str:
    """All tests, one row each with its sentence."""
    rows = [(row, verdict.report(row.experiment)) for row in queries.tests_of(actor().organisation)]
    kits = url_for("kits.index") if "kits.index" in current_app.view_functions else None
    return render_template("abtest/index.html", rows=rows, kits=kits)


@bp.get("/tests/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> str:
    """One test."""
    experiment = get_or_404(actor().organisation, Experiment, pid)
    report = verdict.report(experiment)
    start = experiment.started_at
    known = current_app.view_functions
    campaign = campaign_by_id(experiment.campaign_id)
    return render_template(
        "abtest/show.html",
        report=report,
        lift_words=lift_words,
        evidence_words=evidence_words,
        experiment=experiment,
        lines=verdict.lines(experiment),
        campaign=campaign,
        campaign_url=url_for("results.show", pid=campaign.pid)
        if "results.show" in known and actor().is_partner
        else None,
        partner=partner_of(campaign),
        lift=lift_picture(report.points, start) if start else None,
        evidence=evidence_picture(report.points, start, report.rules.line) if start else None,
    )
