"""The tabs of a campaign that is past its launch: the same on every page about it."""

from flask import url_for

from app.accounts.access import actor
from app.campaigns import subject_test
from app.campaigns.models import Campaign
from app.campaigns.review_state import rounds_of


def tabs(campaign: Campaign) -> list[tuple[str, str]]:
    """Label and address of each part that whoever looks may see."""
    test = subject_test.of(campaign)
    found = [("Results", url_for("results.show", pid=campaign.pid))]
    if actor().is_partner:
        found.append(("Messages", url_for("results.messages", pid=campaign.pid)))
        if campaign.launched_at is not None:
            found.append(("Audience", url_for("leftouts.show", pid=campaign.pid)))
    found += [("Test", url_for("tests.show", pid=test.experiment.pid))] if test else []
    if actor().is_partner:
        found += [
            ("Words", url_for("campaigns.words", pid=campaign.pid)),
            ("Pieces", url_for("pieces.show", pid=campaign.pid)),
            *([("Review", url_for("reviews.mine", campaign=campaign.pid))] if rounds_of(campaign) else []),
            ("History", url_for("results.history", pid=campaign.pid)),
        ]
    return found
