"""What a partner sees of a sequence: in the kit, in the editor, before the launch, and while it runs; and what the launch refuses."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.campaigns import prepare, subject_test
from app.db import db
from app.errors import NotFound
from app.flows.check import check
from app.flows.next_step import start_step
from tests.delivery import ready
from tests.flows import made
from tests.rig.cast import Cast
from tests.rig.sink import Sink


def text_of(page: Any) -> str:
    return " ".join(page.get_data(as_text=True).replace("\u00a0", " ").split())


def test_the_kit_s_page_says_when_each_mail_goes_out(app: Flask, cast: Cast, as_person: Any) -> None:
    made.draft(cast, ["anna"])
    browser: FlaskClient = as_person(cast.maya)
    kits = browser.get("/kits").get_data(as_text=True)
    address = kits.partition('href="/kits/')[2].partition('"')[0]
    page = text_of(browser.get(f"/kits/{address}"))
    assert "At the launch · “Could you get yesterday’s file back?”" in page
    assert "3 days after the launch, to those who did not leave their details · “The folder" in page


def test_the_editor_shows_every_mail_in_order_and_any_of_them_may_be_looked_at(
    app: Flask, cast: Cast, as_person: Any
) -> None:
    campaign = made.draft(cast, ["anna"])
    browser = as_person(cast.maya)
    page = text_of(browser.get(f"/campaigns/{campaign.pid}/words"))
    assert "3 mails, one after the other" in page
    assert (
        page.index("Mail 1: the invitation")
        < page.index("Mail 2: the reminder")
        < page.index("Mail 3: the last call")
    )
    assert "A story from your region" in page
    shown = text_of(browser.get(f"/campaigns/{campaign.pid}/words?piece=email/last_call"))
    assert "Until 12 June 2027: one file, one hour" in shown


def test_before_the_launch_the_page_names_each_mail_s_day(app: Flask, cast: Cast, as_person: Any) -> None:
    campaign = made.draft(cast, ["anna"])
    page = text_of(as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch"))
    day = clock.local(clock.now(), campaign.timezone) + timedelta(days=7)
    assert f"{day:%a %-d %B}" in page
    assert "To those who did not leave their details" in page


def test_between_two_steps_the_page_says_what_comes_next_and_the_live_part_rests(
    app: Flask, cast: Cast, sink: Sink, as_person: Any
) -> None:
    campaign = made.launched(cast, ["anna", "bert"])
    made.beat()
    browser = as_person(cast.maya)
    page = text_of(browser.get(f"/campaigns/{campaign.pid}"))
    assert "Next: <b>“Mail 2: the reminder”" in page
    assert "to about 2 people" in page
    assert "every 2s" not in page
    assert browser.get(f"/campaigns/{campaign.pid}/live?waiting=1").status_code == 204
    made.time_comes(campaign)
    start_step(made.send_of(campaign, 2).id)
    db.session.commit()
    answer = browser.get(f"/campaigns/{campaign.pid}/live?waiting=1")
    assert answer.headers["HX-Refresh"] == "true", "the step has begun: the page is loaded anew"
    made.beat()
    page = text_of(browser.get(f"/campaigns/{campaign.pid}"))
    assert "2 of 2 people got it" in page
    assert "Step 2 began" in text_of(browser.get(f"/campaigns/{campaign.pid}/history"))


def test_the_vendor_sees_the_steps_as_counts(app: Flask, cast: Cast, sink: Sink, as_person: Any) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    page = text_of(as_person(cast.ingrid).get(f"/campaigns/{campaign.pid}"))
    assert "3 steps" in page
    assert "anna" not in page.casefold()


def test_a_sequence_that_outlives_its_kit_is_not_launched(app: Flask, cast: Cast) -> None:
    ends = clock.local(clock.now(), "Europe/Amsterdam").date() + timedelta(days=6)
    campaign = made.draft(
        cast, ["anna"], change=lambda text: text.replace("tiers = []", f"tiers = []\nvalid_until = {ends}")
    )
    [problem] = check(ready.maya(cast), campaign).problems
    assert problem.text.startswith("“Mail 3: the last call” would go out on")


def test_every_mail_of_the_sequence_must_have_what_the_law_asks_for(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = made.draft(cast, ["anna"])
    real = prepare.email

    def bare(made_: Any, piece: Any, *args: Any, **kwargs: Any) -> Any:
        from dataclasses import replace

        compiled = real(made_, piece, *args, **kwargs)
        return replace(compiled, text="Buy", places=()) if piece.name == "reminder" else compiled

    monkeypatch.setattr(prepare, "email", bare)
    assert [problem.text for problem in check(ready.maya(cast), campaign).problems] == [
        "“Mail 2: the reminder” has no unsubscribe link.",
        "Your postal address isn’t in “Mail 2: the reminder”.",
    ]


def test_only_the_first_mail_of_a_sequence_can_be_tested(app: Flask, cast: Cast) -> None:
    campaign = made.draft(cast, ["anna"])
    with pytest.raises(NotFound):
        subject_test.plan_own(ready.maya(cast), campaign, "reminder", ["One", "Two"])
    planned = subject_test.plan_own(ready.maya(cast), campaign, "invitation", ["One", "Two"])
    assert [subject.text for subject in planned.subjects] == ["One", "Two"]
