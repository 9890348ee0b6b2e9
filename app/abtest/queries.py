"""An organisation's tests, newest first, each with the campaign it belongs to."""

from dataclasses import dataclass

from sqlalchemy import column, table

from app.abtest.models import Experiment
from app.accounts.models import Organisation
from app.db import db, scoped

MOST = 200


@dataclass(frozen=True)
class Row:
    """A test, its campaign's name and public id, and the partner's name."""

    experiment: Experiment
    campaign: str
    campaign_pid: str
    partner: str


def tests_of(organisation: Organisation) -> list[Row]:
    """The tests of a partner's campaigns, or of all partners that run a vendor's kits."""
    campaign = table("campaign", column("id"), column("name"), column("pid"))
    rows = db.session.execute(
        scoped(organisation, Experiment)
        .join(campaign, campaign.c.id == Experiment.campaign_id)
        .join(Organisation, Organisation.id == Experiment.partner_id)
        .with_only_columns(Experiment, campaign.c.name, campaign.c.pid, Organisation.name)
        .order_by(Experiment.id.desc())
        .limit(MOST)
    ).all()
    return [Row(*row) for row in rows]
