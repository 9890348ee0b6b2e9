"""The whole path through the pages, as the people of both sides walk it, and what others may not see."""

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.clock import today
from app.db import db
from app.mdf.models import ActivityType, Claim, ClaimStatus, Fund, MdfRequest, RequestStatus
from app.mdf.packet import fingerprint
from tests.assets.papers import plain_pdf
from tests.mdf.conftest import Stage
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
PDF = plain_pdf()


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))).replace(
        "\u00a0", " "
    )


def plan(stage: Stage, **changes: str) -> dict[str, str]:
    start = today("Europe/Amsterdam")
    plain = {
        "activity": stage.calls.pid,
        "title": "Follow-up calls",
        "cost": "2,400.00",
        "asked": "",
        "starts_on": start.isoformat(),
        "ends_on": (start + timedelta(days=20)).isoformat(),
        "supplier": "Belhuis Rijnmond",
        "purpose": "Ring everyone who clicked twice",
        "shares_leads": "y",
    }
    return plain | changes


def test_from_an_empty_page_to_a_paid_claim(cast: Cast, as_person: Browser) -> None:
    vera, maya, tomas = as_person(cast.vera), as_person(cast.maya), as_person(cast.tomas)
    assert "No fund yet" in text_of(vera.get("/funds"))
    assert "No funds yet" in text_of(maya.get("/funds"))
    here = today("Europe/Oslo")
    fund = {
        "title": "Growth",
        "amount": "10,000",
        "starts_on": f"{here.year}-01-01",
        "ends_on": f"{here.year + 1}-12-31",
        "name": "Follow-up calls",
        "help": "You or an agency",
        "rate": "50",
        "cap": "1,500",
    }
    made = vera.post("/funds/new", data=fund)
    assert made.status_code == 303
    harbour = cast.harbour.pid
    given = vera.post(
        f"{made.location}/give", data={"partner": harbour, "amount": "5,000.00", "why": "Spring"}
    )
    assert given.status_code == 303
    assert "You can use EUR 5,000 ." in text_of(maya.get("/funds"))
    stage_plan = plan_of(db.session.query(ActivityType).one())
    asked = maya.post("/funds/ask", data=stage_plan)
    assert asked.status_code == 303
    assert "is with Tomás Rey" in text_of(maya.get(asked.location))
    assert "1 decision wait" in text_of(tomas.get("/funds"))
    assert tomas.post(f"{asked.location}/decide", data={"decision": "full"}).status_code == 303
    assert "is reserved for you" in text_of(maya.get(asked.location))
    invoice = {
        "number": "BR-26-0417",
        "supplier": "Belhuis Rijnmond",
        "issued_on": here.isoformat(),
        "amount": "2,400.00",
    }
    claimed = maya.post(
        f"{asked.location}/claim", data=invoice | {"file": (io.BytesIO(PDF), "BR-26-0417.pdf")}
    )
    assert claimed.status_code == 303
    page = text_of(tomas.get(claimed.location))
    assert "asks for EUR 1,200 ." in page
    assert "5 of 5 rules met" in page
    assert tomas.post(f"{claimed.location}/decide", data={"decision": "full"}).status_code == 303
    assert tomas.post(f"{claimed.location}/pay", data={"reference": "SEPA 4711"}).status_code == 303
    assert "EUR 1,200 was paid" in text_of(maya.get(claimed.location))
    ledger = text_of(maya.get("/funds/ledger"))
    for step in ("allocation made", "request approved", "claim submitted", "claim approved", "claim paid"):
        assert step in ledger
    assert tomas.get(f"{claimed.location}/invoice").data == PDF
    packet = json.loads(maya.get(f"{claimed.location}/packet.json").data)
    assert fingerprint(packet) == db.session.query(Claim).one().packet_sha256


def plan_of(activity: ActivityType) -> dict[str, str]:
    start = today("Europe/Amsterdam")
    return {
        "activity": activity.pid,
        "title": "Follow-up calls",
        "cost": "2,400.00",
        "asked": "1,200.00",
        "starts_on": start.isoformat(),
        "ends_on": (start + timedelta(days=20)).isoformat(),
        "purpose": "Ring everyone who clicked twice",
        "shares_leads": "y",
    }


def test_what_is_payable_shows_while_typing(stage: Stage, as_person: Browser) -> None:
    maya = as_person(stage.cast.maya)
    checked = maya.post("/funds/ask/check", data=plan(stage, cost="4,000"))
    assert checked.status_code == 200
    assert "Ask for EUR 1,500" in text_of(checked), "the limit, not the half"
    assert db.session.query(MdfRequest).count() == 0
    half_typed = text_of(maya.post("/funds/ask/check", data={"cost": "12,"}))
    assert "Say what it costs" in half_typed


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"cost": "2400.005"}, "cost", "EUR has 2 decimals, no more."),
        ({"cost": "a lot"}, "cost", "Write the amount in digits"),
        ({"cost": "-5"}, "cost", "Write the amount in digits"),
        ({"asked": "1,300"}, "asked", "50 % of the cost is EUR 1,200. Ask for that or less."),
        ({"starts_on": "2020-01-01"}, "starts_on", "What starts before the yes is not paid"),
        ({"activity": "somebody-elses"}, "activity", "Choose one of these."),
        ({"shares_leads": ""}, "shares_leads", "part of the deal for money"),
    ],
)
def test_a_plan_that_can_not_be_says_why(
    stage: Stage, as_person: Browser, changes: dict[str, str], field: str, words: str
) -> None:
    data = {key: value for key, value in plan(stage, **changes).items() if value}
    answer = as_person(stage.cast.maya).post("/funds/ask", data=data)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert db.session.query(MdfRequest).count() == 0


def test_a_request_taken_back_is_mended_and_asked_again(stage: Stage, as_person: Browser) -> None:
    maya = as_person(stage.cast.maya)
    asked = maya.post("/funds/ask", data=plan(stage))
    maya.post(f"{asked.location}/withdraw")
    assert as_person(stage.cast.tomas).get(asked.location).status_code == 200
    edit = maya.get(f"{asked.location}/edit")
    assert 'value="2,400.00"' in edit.get_data(as_text=True)
    again = maya.post(f"{asked.location}/edit", data=plan(stage, cost="2,000"))
    assert again.location == asked.location
    row = db.session.query(MdfRequest).one()
    assert (row.status, row.asked_minor) == (RequestStatus.SUBMITTED, 100_000)


def test_less_without_a_reason_is_sent_back_and_writes_nothing(stage: Stage, as_person: Browser) -> None:
    maya, tomas = as_person(stage.cast.maya), as_person(stage.cast.tomas)
    asked = maya.post("/funds/ask", data=plan(stage))
    answer = tomas.post(f"{asked.location}/decide", data={"decision": "less", "amount": "1,000"})
    assert answer.status_code == 422
    assert "Say why it is less" in text_of(answer)
    assert db.session.query(MdfRequest).one().status is RequestStatus.SUBMITTED
    assert stage.balances.reserved == 0
    tomas.post(
        f"{asked.location}/decide", data={"decision": "less", "amount": "1,000", "reason": "The spring limit"}
    )
    assert "The spring limit" in text_of(maya.get(asked.location))


def test_questions_and_answers(stage: Stage, as_person: Browser) -> None:
    maya, tomas = as_person(stage.cast.maya), as_person(stage.cast.tomas)
    asked = maya.post("/funds/ask", data=plan(stage))
    tomas.post(f"{asked.location}/decide", data={"decision": "question", "reason": "Who rings them?"})
    assert "Who rings them?" in text_of(maya.get(asked.location))
    assert maya.post(f"{asked.location}/answer", data={"text": " "}).status_code == 422
    assert maya.post(f"{asked.location}/answer", data={"text": "Belhuis"}).status_code == 303
    assert "Belhuis" in text_of(tomas.get(asked.location))


def test_a_claim_refused_keeps_no_file_and_no_number(stage: Stage, as_person: Browser) -> None:
    maya = as_person(stage.cast.maya)
    request = stage.approved()
    tomorrow = (today("Europe/Amsterdam") + timedelta(days=1)).isoformat()
    data = {"number": "BR-1", "supplier": "Belhuis", "issued_on": tomorrow, "amount": "2,400"}
    answer = maya.post(f"/funds/requests/{request.pid}/claim", data=data)
    assert answer.status_code == 422
    assert "a day to come" in text_of(answer)
    late = maya.post(
        f"/funds/requests/{request.pid}/claim", data=data | {"file": (io.BytesIO(b"MZ"), "virus.pdf")}
    )
    assert late.status_code == 422
    assert db.session.query(Claim).count() == 0
    assert db.session.get_one(MdfRequest, request.id).status is RequestStatus.APPROVED


def test_two_people_with_the_same_form_open(stage: Stage, as_person: Browser) -> None:
    request = stage.ask()
    db.session.commit()
    tomas, vera = as_person(stage.cast.tomas), as_person(stage.cast.vera)
    address = f"/funds/requests/{request.pid}/decide"
    assert tomas.post(address, data={"decision": "full"}).status_code == 303
    assert vera.post(address, data={"decision": "no", "reason": "Too late"}).status_code == 409
    assert stage.balances.reserved == 120_000


def test_others_find_nothing(stage: Stage, as_person: Browser) -> None:
    request, claim = stage.claimed()
    db.session.commit()
    fund = db.session.query(Fund).one()
    paths = [
        f"/funds/requests/{request.pid}",
        f"/funds/claims/{claim.pid}",
        f"/funds/claims/{claim.pid}/packet.json",
    ]
    for rival in (stage.cast.lieve, stage.cast.simon):
        browser = as_person(rival)
        for path in [*paths, f"/funds/{fund.pid}"]:
            assert browser.get(path).status_code == 404, f"{rival.name} saw {path}"
    assert as_person(stage.cast.maya).get(f"/funds/{fund.pid}").status_code == 404


def test_viewers_look_and_do_nothing(stage: Stage, as_person: Browser) -> None:
    request = stage.approved()
    db.session.commit()
    noor, walter, ingrid = (
        as_person(stage.cast.noor),
        as_person(stage.cast.walter),
        as_person(stage.cast.ingrid),
    )
    page = noor.get(f"/funds/requests/{request.pid}")
    assert page.status_code == 200
    assert "Add invoice" not in text_of(page)
    assert noor.post("/funds/ask", data=plan(stage)).status_code == 403
    for colleague in (walter, ingrid):
        assert "Give it" not in text_of(colleague.get(f"/funds/{db.session.query(Fund).one().pid}"))
        assert (
            colleague.post(f"/funds/requests/{request.pid}/decide", data={"decision": "full"}).status_code
            == 403
        )


def test_a_rejected_claim_leads_to_the_next(stage: Stage, as_person: Browser) -> None:
    request, claim = stage.claimed()
    db.session.commit()
    tomas, maya = as_person(stage.cast.tomas), as_person(stage.cast.maya)
    tomas.post(f"/funds/claims/{claim.pid}/decide", data={"decision": "no", "reason": "Add the days"})
    page = maya.get(f"/funds/claims/{claim.pid}")
    assert "Add the days" in text_of(page)
    assert f"/funds/requests/{request.pid}/claim" in page.get_data(as_text=True)
    assert db.session.query(Claim).one().status is ClaimStatus.REJECTED
