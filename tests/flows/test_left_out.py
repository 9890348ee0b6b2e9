"""So many get it, so many don't and why: each number opens its people, before the launch as of now and after it as it was."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from app.audience import mailable
from app.audience.mailable import Reason
from app.audience.models import Consent, Contact, Suppression, SuppressionReason, SuppressionScope
from app.audience.suppress import address_hash, suppress
from app.campaigns.chosen import chosen
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db
from app.delivery import jobs, left_out
from app.delivery.models import LeftOut, Send
from app.flows import launch as launching
from app.flows import left_out as listing
from tests.delivery import ready
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

Browser = Callable[..., FlaskClient]
# Everybody who is left out, by local part, and the one reason. The last one's name is a formula.
WHY = {
    "no1": Reason.SAID_NO,
    "no2": Reason.SAID_NO,
    "novendor": Reason.SAID_NO_VENDOR,
    "noall": Reason.SAID_NO_ALL,
    "spam": Reason.COMPLAINED,
    "bounced": Reason.BOUNCED,
    "ranout": Reason.EXPIRED,
    "=cmd": Reason.NO_CONSENT,
}
GET_IT = ["anna", "bram"]
S, R = SuppressionScope, SuppressionReason


def mixed(cast: Cast, *, with_test: bool = False) -> Campaign:
    """A campaign to two who may be mailed and eight who may not, for every reason there is."""
    campaign = ready.campaign(cast, [*GET_IT, *WHY], with_test=with_test)
    for local, scope, organisation, why in (
        ("no1", S.PARTNER, cast.harbour.id, R.UNSUBSCRIBE),
        ("no2", S.PARTNER, cast.harbour.id, R.MANUAL),
        ("novendor", S.VENDOR, cast.northwind.id, R.MANUAL),
        ("noall", S.PLATFORM, 0, R.MANUAL),
        ("spam", S.PARTNER, cast.harbour.id, R.COMPLAINT),
        ("bounced", S.PARTNER, cast.harbour.id, R.BOUNCE),
    ):
        suppress(scope, organisation, address_hash(f"{local}@people.example"), why)
    consent_of("ranout").expires_on = now().date() - timedelta(days=1)
    db.session.delete(consent_of("=cmd"))
    db.session.commit()
    return campaign


def consent_of(local: str) -> Consent:
    query = select(Consent).join(Contact, Contact.id == Consent.contact_id)
    return db.session.scalars(query.where(Contact.email == f"{local}@people.example")).one()


def expanded(cast: Cast, campaign: Campaign) -> Send:
    launching.launch(ready.maya(cast), campaign, len(GET_IT))
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    jobs.expand_send(send.id)
    return send


def names(cast: Cast, campaign: Campaign, reason: Reason) -> set[str]:
    return {row.email.partition("@")[0] for row in listing.people(cast.harbour, campaign, reason).rows}


def test_each_number_opens_just_the_people_behind_it(cast: Cast) -> None:
    campaign = mixed(cast)
    found = listing.standing(cast.harbour, campaign)
    assert found is not None
    assert (found.mailable, found.excluded, found.launched) == (2, 8, False)
    audience = chosen(cast.harbour, campaign)
    assert audience is not None
    counted = mailable.count(cast.harbour, cast.northwind.id, audience.people)
    assert {line.reason: line.people for line in found.lines} == counted.reasons
    for reason in counted.reasons:
        assert names(cast, campaign, reason) == {local for local, why in WHY.items() if why is reason}


@pytest.mark.parametrize("with_test", [False, True])
def test_after_the_launch_numbers_and_people_stay_as_they_were(cast: Cast, with_test: bool) -> None:
    campaign = mixed(cast, with_test=with_test)
    send = expanded(cast, campaign)
    before = listing.standing(cast.harbour, campaign)
    assert before is not None
    assert before.launched
    assert (before.mailable, before.excluded) == (2, 8)
    assert all(line.at_launch == line.people for line in before.lines)
    db.session.execute(delete(Suppression))
    suppress(S.PARTNER, cast.harbour.id, address_hash("anna@people.example"), R.UNSUBSCRIBE)
    db.session.commit()
    assert listing.standing(cast.harbour, campaign) == before
    for local, reason in WHY.items():
        assert local in names(cast, campaign, reason)
    send_id = send.id
    db.session.rollback()  # on SQLite an open transaction would keep the walk waiting
    assert left_out.keep(db.engine, send_id, chunk=3) == 8, "written twice, somebody was judged anew"


def test_who_says_no_between_the_yes_and_the_rows_is_written_down_with_their_reason(cast: Cast) -> None:
    campaign = mixed(cast)
    launching.launch(ready.maya(cast), campaign, len(GET_IT))
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    suppress(S.VENDOR, cast.northwind.id, address_hash("bram@people.example"), R.UNSUBSCRIBE)
    db.session.commit()
    jobs.expand_send(send.id)
    found = listing.standing(cast.harbour, campaign)
    assert found is not None
    line = found.line(Reason.SAID_NO_VENDOR)
    assert (found.mailable, line.people, line.at_launch) == (1, 2, 1)
    assert names(cast, campaign, Reason.SAID_NO_VENDOR) == {"novendor", "bram"}


def test_a_worker_that_died_before_it_wrote_them_down_is_made_up_for_at_the_end(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = mixed(cast)
    monkeypatch.setattr(jobs.left_out, "keep", lambda *_: 0)
    send = expanded(cast, campaign)
    monkeypatch.undo()
    assert not db.session.scalars(select(LeftOut)).all()
    send_id = send.id
    db.session.rollback()
    left_out.keep_rest(db.engine, send_id)
    assert len(db.session.scalars(select(LeftOut)).all()) == len(WHY)


def test_the_pages_show_the_same_before_and_after(cast: Cast, as_person: Browser) -> None:
    campaign = mixed(cast)
    client, admin, vendor = as_person(cast.noor), as_person(cast.maya), as_person(cast.vera)
    pid = campaign.pid
    page = client.get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    for reason in set(WHY.values()):
        assert f"/campaigns/{campaign.pid}/left-out/{reason}" in page
    people = client.get(f"/campaigns/{campaign.pid}/left-out/bounced").get_data(as_text=True)
    assert "bounced@people.example" in people
    assert "Correct the address" in people
    assert "no1@people.example" not in people
    assert client.get(f"/campaigns/{campaign.pid}/left-out/because").status_code == 404
    assert client.get(f"/campaigns/{campaign.pid}/left-out/bounced.csv").status_code == 403
    expanded(cast, campaign)
    page = admin.get(f"/campaigns/{pid}").get_data(as_text=True)
    assert f"/campaigns/{pid}/left-out" in page
    page = client.get(f"/campaigns/{pid}/left-out").get_data(as_text=True)
    assert "were left out" in page
    assert "Consent ran out" in page
    assert vendor.get(f"/campaigns/{pid}/left-out").status_code == 404


def test_the_file_holds_all_of_them_with_formulas_defused(cast: Cast, as_person: Browser) -> None:
    campaign = mixed(cast)
    answer = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/left-out/no_consent.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["'=cmd@people.example"]


def test_a_long_list_is_read_page_by_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = mixed(cast)
    monkeypatch.setattr(listing, "PAGE", 1)
    first = listing.people(cast.harbour, campaign, Reason.SAID_NO)
    assert first.after is not None
    second = listing.people(cast.harbour, campaign, Reason.SAID_NO, first.after)
    assert {row.email for row in [*first.rows, *second.rows]} == {"no1@people.example", "no2@people.example"}
    assert second.after is None


def test_an_erased_person_has_no_name_there_and_still_counts(cast: Cast, as_person: Browser) -> None:
    campaign = mixed(cast)
    admin = as_person(cast.maya)
    expanded(cast, campaign)
    bounced = db.session.scalars(select(Contact).where(Contact.email == "bounced@people.example")).one()
    admin.post(f"/contacts/{bounced.pid}/delete")
    page = admin.get(f"/campaigns/{campaign.pid}/left-out/bounced").get_data(as_text=True)
    assert "bounced@people.example" not in page
    found = listing.standing(cast.harbour, campaign)
    assert found is not None
    assert found.line(Reason.BOUNCED).people == 1
    assert listing.erased_since(cast.harbour, campaign, Reason.BOUNCED) == 1
