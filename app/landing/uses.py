"""Where landing pages use files: a published page was frozen with its pictures."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Text, cast, or_

from app.accounts.models import Organisation
from app.assets.models import Asset
from app.assets.usage import Use, Uses, register
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.landing.models import PublishedPage
from app.web.hosts import app_url_for


def in_pages(organisation: Organisation, assets: Sequence[Asset]) -> Uses:
    """The campaigns whose published pages show these files."""
    found: dict[int, list[Use]] = defaultdict(list)
    content, served = cast(PublishedPage.content, Text), cast(PublishedPage.served, Text)
    for asset in assets if organisation.kind == "partner" else ():
        pages = (
            scoped(organisation, PublishedPage)
            .with_only_columns(PublishedPage.campaign_id)
            .where(
                or_(content.contains(asset.pid, autoescape=True), served.contains(asset.pid, autoescape=True))
            )
        )
        query = scoped(organisation, Campaign).where(Campaign.id.in_(pages)).order_by(Campaign.id)
        for campaign in db.session.scalars(query):
            url = app_url_for("results.show", pid=campaign.pid)
            found[asset.id].append(Use("Campaign", campaign.name, url, blocks=False, keeps=True))
    return found


register("landing", in_pages, quick=False)
