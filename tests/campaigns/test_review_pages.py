"""The pages of a review: the vendor's queue and one review, the partner's page and banners, and what neither side gets to see."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Membership, Role
from app.audience.lists import list_named
from app.campaigns import review, review_comments
from app.campaigns.models import CampaignStatus
from app.campaigns.review_models import Outcome, ReviewComment, ReviewRound
from app.campaigns.review_queries import campaign_of
from app.db import db
from tests.access import examples
from tests.audience.people import agreed, contact
from tests.campaigns.made import maya
from tests.campaigns.reviewing import asked, complete, ingrid, seen
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
WRITTEN = "Half your team works from home. Who looks after the door?"


def text(browser: FlaskClient, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True).replace("\xa0", " ")


def test_the_queue_says_what_waits_and_how_long(as_person: Browser, cast: Cast) -> None:
    ingrids = as_person(cast.ingrid)
    empty = text(ingrids, "/reviews")
    assert "Nothing to review" in empty
    assert "Campaigns to review" not in text(ingrids, "/")
    row = asked(cast, headline=WRITTEN)
    page = text(ingrids, "/reviews")
    assert "1 campaign waits" in page
    assert "of 2 working days" in page
    assert f"/reviews/{row.pid}" in page
    assert "Campaigns to review" in text(ingrids, "/")
    assert re.search(r'href="/reviews"[^>]*>.*?<span class="count count-new">1</span>', page, re.DOTALL)
    assert "What you promise" in page
    assert 'name="days"' not in page
    veras = as_person(cast.vera)
    assert 'name="days"' in text(veras, "/reviews")
    assert ingrids.post("/reviews/days", data={"days": "3"}).status_code == 403
    assert veras.post("/reviews/days", data={"days": "99"}).status_code == 422
    assert veras.post("/reviews/days", data={"days": "3"}).status_code == 303
    assert "3 working days" in text(veras, "/reviews")
    review.request_changes(ingrid(cast), row, "Shorter.")
    assert "Changes requested" in text(ingrids, "/reviews")


def test_the_reviewer_sees_what_differs_and_no_contact(as_person: Browser, cast: Cast) -> None:
    row = asked(cast, headline=WRITTEN, local="Only € 99 at our shop, 30 % off.")
    campaign = campaign_of(row)
    people = list_named(cast.harbour, "Customers")
    agreed(contact(cast.harbour, "sanne@vandijk.example", people, first_name="Sanneke"))
    db.session.commit()
    page = text(as_person(cast.ingrid), f"/reviews/{row.pid}")
    assert "<del>So do the attackers.</del>" in page
    assert "<ins>Who looks after the door?</ins>" in page
    assert "57 of 70" in page
    assert "fields left as you suggested" in page
    assert "Names a price or a share that your words don’t: “€ 99”, “30 %”." in page
    assert "Ask for changes" in page
    assert "Approve" in page
    assert "Take it over" not in page
    assert "sandbox></iframe>" in page
    assert "With a made-up person in it" in page
    assert "sanne@" not in page
    assert "Sanneke" not in page
    assert "Customers" not in page
    assert "1 person, consent for each. You see the count only" in page
    frame = re.search(r'src="(http[^"]+/preview/[^"]+)"', page)
    assert frame
    shown = as_person(cast.ingrid).get(frame[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "Who looks after the door?" in shown
    assert "Sanneke" not in shown
    viewers = text(as_person(cast.walter), f"/reviews/{row.pid}")
    assert "Admins and marketers answer reviews." in viewers
    assert 'name="decision"' not in viewers
    assert "Take it over" in text(as_person(cast.vera), f"/reviews/{row.pid}")
    assert campaign.status is CampaignStatus.IN_REVIEW


def test_a_review_on_the_page_from_asking_to_the_launch_page(as_person: Browser, cast: Cast) -> None:
    campaign = complete(cast, headline=WRITTEN)
    mayas, ingrids = as_person(cast.maya), as_person(cast.ingrid)
    mine = f"/campaigns/{campaign.pid}/review"
    for page in ("words", "audience", "launch"):
        assert "looks at this campaign before it goes out." in text(
            mayas, f"/campaigns/{campaign.pid}/{page}"
        )
    assert "Ask for the review" in text(mayas, mine)
    assert mayas.post(mine, data={"note": "Our first."}).status_code == 303
    waits = text(mayas, mine)
    assert "With Ingrid Solberg" in waits
    assert "Take it back to edit" in waits
    assert "of 2 working days" in waits
    assert "With Ingrid Solberg since" in text(mayas, f"/campaigns/{campaign.pid}/launch")
    assert "Its words are fixed until then" in text(mayas, f"/campaigns/{campaign.pid}/words")
    row = db.session.scalars(select(ReviewRound)).one()
    there = f"/reviews/{row.pid}"
    assert "Our first." in text(ingrids, there)
    blank = ingrids.post(f"{there}/comments", data={"about": "slot/headline", "text": " "})
    assert blank.status_code == 422
    assert "Write something." in blank.get_data(as_text=True)
    assert ingrids.post(f"{there}/answer", data={"decision": "changes", "answer": ""}).status_code == 422
    ingrids.post(f"{there}/comments", data={"about": "slot/headline", "text": "Friendlier?"})
    ingrids.post(f"{there}/comments", data={"about": "email/invitation", "text": "Too long."})
    assert "Ask for 2 changes" in text(ingrids, there)
    assert "Friendlier?" not in text(mayas, mine), "not before it is sent"
    answer = ingrids.post(
        f"{there}/answer", data={"decision": "changes", "answer": "Nearly."}, follow_redirects=True
    )
    assert "You asked for 2 changes" in answer.get_data(as_text=True).replace("\xa0", " ")
    beside = text(mayas, f"/campaigns/{campaign.pid}/words")
    assert "Friendlier?" in beside
    assert "Too long." not in beside
    assert "asks for 2 changes" in beside
    assert "Change “" in text(mayas, "/")
    comments = list(db.session.scalars(select(ReviewComment).order_by(ReviewComment.id)))
    for comment in comments:
        mayas.post(f"/reviews/comments/{comment.pid}/reply", data={"text": "Done.", "then": "settle"})
    mayas.post(f"/campaigns/{campaign.pid}/words", data={"slot-headline": "Who looks after your door?"})
    ready = text(mayas, mine)
    assert "All settled" in ready
    assert "1 change" in ready
    assert "Ask again" in ready
    mayas.post(mine, data={"note": ""})
    again = db.session.scalars(select(ReviewRound).where(ReviewRound.number == 2)).one()
    old, new = text(ingrids, there), text(ingrids, f"/reviews/{again.pid}")
    assert "There is a newer one" in old
    assert "Since the last round" in new
    assert "Done." in new
    shown = re.search(r'name="seen" value="(\w+)"', new)
    assert shown
    said = ingrids.post(
        f"/reviews/{again.pid}/answer", data={"decision": "approve", "seen": shown[1]}, follow_redirects=True
    )
    assert "is approved. The partner has a mail" in said.get_data(as_text=True)
    late = as_person(cast.vera).post(
        f"/reviews/{again.pid}/answer", data={"decision": "changes", "answer": "No."}, follow_redirects=True
    )
    assert "Ingrid Solberg has approved it already. Nothing you just did was kept." in late.get_data(
        as_text=True
    )
    assert "Approved by Ingrid Solberg" in text(mayas, f"/campaigns/{campaign.pid}/launch")


def test_the_money_behind_it_and_the_log_are_told(as_person: Browser, cast: Cast) -> None:
    row = asked(cast)
    assert "MDF-" not in text(as_person(cast.ingrid), f"/reviews/{row.pid}")
    money = examples.asked(cast)
    money.campaign_id = row.campaign_id
    db.session.commit()
    assert f"EUR 1,200 asked, {money.number}" in text(as_person(cast.ingrid), f"/reviews/{row.pid}")
    review.approve(ingrid(cast), row, seen(campaign_of(row)))
    db.session.commit()
    assert "Approved a campaign" in text(as_person(cast.vera), "/settings/log")


def test_a_yes_is_taken_back_until_the_launch(as_person: Browser, cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    review.approve(ingrid(cast), row, seen(campaign))
    campaign.status, campaign.scheduled_at = CampaignStatus.SCHEDULED, row.due_at
    db.session.commit()
    veras = as_person(cast.vera)
    assert "Take the approval back" in text(veras, f"/reviews/{row.pid}")
    assert "Take the approval back" not in text(as_person(cast.walter), f"/reviews/{row.pid}")
    assert veras.post(f"/reviews/{row.pid}/revoke", data={"answer": " "}).status_code == 422
    db.session.refresh(campaign)
    assert campaign.status is CampaignStatus.SCHEDULED
    done = veras.post(
        f"/reviews/{row.pid}/revoke", data={"answer": "The date is wrong."}, follow_redirects=True
    )
    assert "The approval is taken back." in done.get_data(as_text=True)
    db.session.refresh(campaign)
    assert campaign.status is CampaignStatus.CHANGES_REQUESTED
    assert "“The date is wrong.”" in text(as_person(cast.maya), f"/campaigns/{campaign.pid}/words")
    assert veras.post(f"/reviews/{row.pid}/revoke", data={"answer": "Again."}).status_code == 303
    again = review.ask(maya(cast), campaign)
    review.approve(ingrid(cast), again, seen(campaign))
    campaign.status = CampaignStatus.SENDING
    db.session.commit()
    late = veras.post(f"/reviews/{again.pid}/revoke", data={"answer": "Stop."}, follow_redirects=True)
    assert "It is launched already." in late.get_data(as_text=True)


def test_the_partner_takes_it_back(as_person: Browser, cast: Cast) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    viewers = as_person(cast.noor)
    assert "Take it back to edit" not in text(viewers, f"/campaigns/{campaign.pid}/review")
    assert viewers.post(f"/campaigns/{campaign.pid}/review/take-back").status_code == 403
    assert viewers.post(f"/campaigns/{campaign.pid}/review").status_code == 403
    mayas = as_person(cast.maya)
    assert (
        mayas.post(f"/campaigns/{campaign.pid}/review/take-back").location
        == f"/campaigns/{campaign.pid}/words"
    )
    db.session.refresh(row)
    assert row.outcome is Outcome.TAKEN_BACK
    again = mayas.post(f"/campaigns/{campaign.pid}/review/take-back", follow_redirects=True)
    assert "isn’t with a reviewer any more" in again.get_data(as_text=True)
    assert "took it back" in text(as_person(cast.ingrid), f"/reviews/{row.pid}")


@pytest.mark.parametrize("who", ["lieve", "simon"])
def test_other_organisations_find_nothing(as_person: Browser, cast: Cast, who: str) -> None:
    row = asked(cast)
    campaign = campaign_of(row)
    said = review_comments.add(ingrid(cast), row, "", "Hm.")
    db.session.commit()
    rival = as_person(getattr(cast, who))
    for address in (f"/reviews/{row.pid}", f"/campaigns/{campaign.pid}/review"):
        assert rival.get(address).status_code == 404
    for address in ("answer", "take", "comments"):
        assert rival.post(f"/reviews/{row.pid}/{address}", data={"decision": "approve"}).status_code == 404
    for deed in ("settle", "reply"):
        assert rival.post(f"/reviews/comments/{said.pid}/{deed}").status_code == 404
    if who == "simon":
        assert "Nothing to review" in text(rival, "/reviews")


def test_of_a_person_in_both_organisations_a_colleague_answers(as_person: Browser, cast: Cast) -> None:
    db.session.add(Membership(person_id=cast.ingrid.id, organisation_id=cast.harbour.id, role=Role.MARKETER))
    db.session.commit()
    row = asked(cast)
    page = text(as_person(cast.ingrid, cast.northwind), f"/reviews/{row.pid}")
    assert "A colleague answers this." in page
    assert 'name="decision"' not in page
    answer = as_person(cast.ingrid, cast.northwind).post(
        f"/reviews/{row.pid}/answer",
        data={"decision": "approve", "seen": seen(campaign_of(row))},
        follow_redirects=True,
    )
    assert "Nobody approves a campaign of their own." in answer.get_data(as_text=True)
    assert maya(cast).organisation.id == row.partner_id
