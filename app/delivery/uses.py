"""Where mails use files: what was rendered for a send shows its pictures as long as somebody opens it."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.models import Organisation
from app.assets.models import Asset
from app.assets.usage import Use, Uses, register
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.delivery.models import Rendering, Send
from app.web.hosts import app_url_for


def in_mails(organisation: Organisation, assets: Sequence[Asset]) -> Uses:
    """The campaigns whose mails show these files, read from the mails themselves."""
    found: dict[int, list[Use]] = defaultdict(list)
    for asset in assets if organisation.kind == "partner" else ():
        shown = (
            scoped(organisation, Rendering)
            .with_only_columns(Rendering.send_id)
            .where(Rendering.html.contains(asset.pid, autoescape=True))
        )
        sends = select(Send.campaign_id).where(Send.id.in_(shown))  # unscoped: of the organisation's mails
        query = scoped(organisation, Campaign).where(Campaign.id.in_(sends)).order_by(Campaign.id)
        for campaign in db.session.scalars(query):
            url = app_url_for("results.show", pid=campaign.pid)
            found[asset.id].append(Use("Campaign", campaign.name, url, blocks=False, keeps=True))
    return found


register("delivery", in_mails, quick=False)
