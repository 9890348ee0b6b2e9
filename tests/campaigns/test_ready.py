"""What keeps a draft from its launch is named, with the page that mends it."""

import pytest
from flask import Flask, url_for

from app.audience.models import ContactList
from app.campaigns.ready import problems
from app.db import db
from app.kits import publish
from app.kits.queries import version_by_id
from app.programs.models import PartnershipStatus
from tests.campaigns.made import draft, ready
from tests.kits_web.box import ingrid, published
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def test_a_new_draft_lacks_words_brand_and_people(app: Flask, cast: Cast) -> None:
    campaign = draft(cast)
    found = problems(campaign)
    assert [problem.text for problem in found] == [
        "“Offer open until” is empty.",
        "“Person who calls back” is empty.",
        "“Their phone number” is empty.",
        "The sender name is missing: people see it in their inbox.",
        "The address that answers go to is missing.",
        "The postal address is missing. It stands in every mail: the law asks for it.",
        "Nobody is chosen yet.",
    ]
    with app.test_request_context():
        assert found[0].href == url_for("campaigns.words", pid=campaign.pid) + "#slot-until"
        assert found[3].href == url_for("brand.edit") + "#sender_name"
        assert found[6].href == url_for("campaigns.audience", pid=campaign.pid)


def test_a_complete_draft_has_no_problem(cast: Cast) -> None:
    assert problems(ready(cast)) == []


def test_a_recalled_kit_stops_it_with_the_vendors_reason(cast: Cast) -> None:
    campaign = ready(cast)
    publish.recall(ingrid(cast), version_by_id(campaign.kit_version_id), "The price was wrong")
    assert "The price was wrong" in problems(campaign)[0].text


def test_a_newer_version_does_not_stop_it(cast: Cast) -> None:
    campaign = ready(cast)
    published(cast, "1.1")
    assert problems(campaign) == []


def test_an_ended_partnership_stops_it(cast: Cast) -> None:
    campaign = ready(cast)
    cast.northwind_harbour.status = PartnershipStatus.ENDED
    db.session.commit()
    assert "no longer work with" in problems(campaign)[0].text


def test_another_partners_list_is_no_list(cast: Cast) -> None:
    campaign = ready(cast)
    theirs = ContactList(partner_id=cast.leuvelink.id, name="Theirs")
    db.session.add(theirs)
    db.session.flush()
    campaign.list_id = theirs.id
    assert [problem.text for problem in problems(campaign)] == ["The list is gone."]
