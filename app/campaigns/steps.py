"""The four steps to a launch, as the bar on top of each shows them; a step whose page isn't there is only a word."""

from flask import current_app, url_for

from app.campaigns.models import Campaign

_STEPS = (
    ("1 Your words", "campaigns.words"),
    ("2 Who gets it", "campaigns.audience"),
    ("3 Money", "funds.campaign_money"),
    ("4 Check and launch", "launches.check"),
)


def steps(campaign: Campaign) -> list[tuple[str, str | None]]:
    """Label and address of each step, in order."""
    return [(label, address(campaign, endpoint)) for label, endpoint in _STEPS]


def address(campaign: Campaign, endpoint: str) -> str | None:
    """Where a page about this campaign is; None where no room has registered it."""
    return url_for(endpoint, pid=campaign.pid) if endpoint in current_app.view_functions else None
