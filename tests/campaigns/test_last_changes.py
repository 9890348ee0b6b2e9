"""Nothing that somebody wrote is lost: changes are taken back and done again over reloads, two people at once hear of each other."""

import re
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.models import BrandProfile
from app.campaigns import history, preview, words
from app.campaigns.models import Campaign, SlotEdit, UnsavedWords
from app.campaigns.queries import campaign_for
from app.clock import now
from app.db import db, scoped
from app.flows.check import check
from app.render.errors import Problem, RenderError
from tests.campaigns.made import draft, maya
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
HX = {"HX-Request": "true"}


def jonas(cast: Cast) -> Actor:
    return Actor(cast.jonas, cast.harbour, Role.MARKETER)


def later(campaign: Campaign, seconds: int = 30) -> None:
    """As if the changes so far had been made a while ago."""
    db.session.flush()
    for edit in db.session.query(SlotEdit).filter_by(campaign_id=campaign.id):
        edit.at -= timedelta(seconds=seconds)
        edit.begun_at -= timedelta(seconds=seconds)
    db.session.flush()


def seen(page: str) -> dict[str, str]:
    """The marks of the words that a page shows."""
    return {f"seen-{name}": mark for name, mark in re.findall(r'name="seen-([a-z_]+)" value="(\w*)"', page)}


@pytest.mark.both_databases
def test_changes_are_taken_back_one_by_one_and_done_again(cast: Cast) -> None:
    campaign, me = draft(cast), maya(cast)
    for value in ("One", "Two", "Three"):
        words.save(me, campaign, {"headline": value})
        later(campaign)
    db.session.commit()
    db.session.expire_all()
    assert words.undo(me, campaign) == ["headline"]
    assert campaign.slot_values == {"headline": "Two"}
    assert words.undo(me, campaign) == ["headline"]
    assert words.undo(me, campaign) == ["headline"]
    assert campaign.slot_values == {}
    assert words.undo(me, campaign) == []
    assert words.redo(me, campaign) == ["headline"]
    assert words.redo(me, campaign) == ["headline"]
    assert campaign.slot_values == {"headline": "Two"}
    words.save(me, campaign, {"headline": "Another"})
    assert words.redo(me, campaign) == [], "after a new change there is nothing to do again"
    assert words.undo(me, campaign) == ["headline"]
    assert campaign.slot_values == {"headline": "Two"}


def test_what_is_typed_in_one_go_is_one_change(cast: Cast) -> None:
    campaign, me = draft(cast), maya(cast)
    for text in ("H", "Ha", "Hal", "Half"):
        words.save(me, campaign, {"headline": text})
    words.save(me, campaign, {"person": "Jonas"})
    assert len(history.latest(campaign)) == 2
    words.undo(me, campaign)
    words.undo(me, campaign)
    assert campaign.slot_values == {}
    words.save(me, campaign, {"headline": "A"})
    words.save(me, campaign, {"headline": ""})
    assert history.latest(campaign) == [], "typed and taken out at once is no change"


def test_the_kits_own_words_come_back_for_one_field_and_for_all(cast: Cast) -> None:
    campaign, me = draft(cast, headline="Mine", person="Jonas", phone="1"), maya(cast)
    later(campaign)
    assert words.to_kit(me, campaign, {"headline"}) == ["headline"]
    assert campaign.slot_values == {"person": "Jonas", "phone": "1"}
    later(campaign)
    assert set(words.to_kit(me, campaign)) == {"person", "phone"}
    assert campaign.slot_values == {}
    words.undo(me, campaign)
    words.undo(me, campaign)
    assert campaign.slot_values == {"headline": "Mine", "person": "Jonas", "phone": "1"}


def test_one_takes_back_ones_own_changes_and_not_what_somebody_wrote_since(cast: Cast) -> None:
    campaign = draft(cast)
    words.save(maya(cast), campaign, {"headline": "Maya", "person": "Maya"})
    words.save(jonas(cast), campaign, {"headline": "Jonas"})
    assert words.undo(maya(cast), campaign) == ["person"]
    assert campaign.slot_values == {"headline": "Jonas"}
    assert words.undo(maya(cast), campaign) == []
    assert words.undo(jonas(cast), campaign) == ["headline"]
    assert campaign.slot_values == {"headline": "Maya"}


def test_only_so_many_changes_are_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    campaign = draft(cast)
    for value in "ABCDE":
        words.save(maya(cast), campaign, {"headline": value})
        later(campaign)
    assert [edit.changes["headline"]["is"] for edit, _ in history.latest(campaign)] == ["E", "D", "C"]


def test_a_draft_with_changes_is_deleted_with_them(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast, headline="Mine")
    browser = as_person(cast.maya)
    browser.post(f"/campaigns/{campaign.pid}/words", data={"slot-headline": "x" * 71}, headers=HX)
    assert browser.post(f"/campaigns/{campaign.pid}/delete").status_code == 302
    assert not list(db.session.scalars(scoped(cast.harbour, SlotEdit)))
    assert not list(db.session.scalars(scoped(cast.harbour, UnsavedWords)))


def test_two_pages_at_once_keep_each_others_words(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    address = f"/campaigns/{campaign.pid}/words"
    opened = as_person(cast.maya).get(address).get_data(as_text=True)
    as_person(cast.jonas).post(
        address, data={"slot-headline": "By Jonas", "slot-person": "Jonas", **seen(opened)}
    )
    default = re.findall(r'id="slot-headline"[^>]* value="([^"]*)"', opened)[0]
    answer = as_person(cast.maya).post(
        address,
        data={"slot-headline": default, "slot-person": "", "slot-phone": "010", **seen(opened)},
        headers=HX,
    )
    page = answer.get_data(as_text=True)
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {
        "headline": "By Jonas", "person": "Jonas", "phone": "010",
    }  # fmt: skip
    assert re.search(r'id="slot-headline-box" hx-swap-oob="true">.*value="By Jonas"', page, re.DOTALL)
    assert "Somebody else has changed Headline" in page
    assert 'id="slot-phone-box"' not in page, "one’s own field is left alone while one types"


def test_the_later_of_two_is_told_and_chooses(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    address = f"/campaigns/{campaign.pid}/words"
    browser = as_person(cast.maya)
    opened = seen(browser.get(address).get_data(as_text=True))
    as_person(cast.jonas).post(address, data={"slot-headline": "By Jonas", **opened})
    mine = {"slot-headline": "By <Maya>", **opened}
    page = browser.post(address, data=mine, headers=HX).get_data(as_text=True)
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {"headline": "By Jonas"}
    assert "Jonas Bakker changed this at" in page
    assert "<ins>By Jonas</ins>" in page
    assert seen(page)["seen-headline"] == opened["seen-headline"], "it is asked again until one has chosen"
    again = browser.get(address).get_data(as_text=True)
    assert 'value="By &lt;Maya&gt;"' in again, "what was typed is still there after a reload"
    assert "By &lt;Maya&gt;" not in as_person(cast.noor).get(address).get_data(as_text=True)
    browser.post(address, data={**mine, "keep": "headline"})
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {"headline": "By <Maya>"}
    late = as_person(cast.jonas)
    late.post(address, data={"slot-headline": "Late", **opened}, headers=HX)
    late.post(address, data={"slot-headline": "Late", **opened, "take": "headline"})
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {"headline": "By <Maya>"}
    assert not list(db.session.scalars(scoped(cast.harbour, UnsavedWords)))


def test_what_is_too_long_waits_for_whoever_typed_it(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    address = f"/campaigns/{campaign.pid}/words"
    browser = as_person(cast.maya)
    browser.post(address, data={"slot-headline": "x" * 71, "slot-person": "Jonas"}, headers=HX)
    page = browser.get(address).get_data(as_text=True)
    assert f'value="{"x" * 71}"' in page
    assert "71 characters long" in page
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {"person": "Jonas"}
    browser.post(address, data={"slot-headline": "x" * 70}, headers=HX)
    assert "not saved yet" not in browser.get(address).get_data(as_text=True)
    assert campaign_for(cast.harbour, campaign.pid).slot_values["headline"] == "x" * 70


def test_nothing_is_launched_past_words_that_one_has_typed_and_not_saved(
    as_person: Browser, cast: Cast
) -> None:
    campaign = draft(cast, headline="Before")
    address = f"/campaigns/{campaign.pid}/words"
    browser = as_person(cast.maya)
    page = browser.post(address, data={"slot-headline": "x" * 71}, headers=HX).get_data(as_text=True)
    assert 'aria-label="Back to what is saved: Headline"' in page
    said = "What you typed into “Headline” is not saved."
    assert said in [problem.text for problem in check(maya(cast), campaign).problems]
    assert said not in [problem.text for problem in check(jonas(cast), campaign).problems]
    browser.post(address, data={"slot-headline": "x" * 71, "take": "headline"})
    assert said not in [problem.text for problem in check(maya(cast), campaign).problems]
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {"headline": "Before"}


def test_the_buttons_take_back_and_say_what(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast, headline="Mine")
    address = f"/campaigns/{campaign.pid}/words"
    browser = as_person(cast.maya)
    page = browser.get(address).get_data(as_text=True)
    assert 'aria-label="Undo: Headline"' in page
    assert "The kit says: <del>" in page
    form = {"slot-headline": "Mine", **seen(page)}
    answer = browser.post(address, data={**form, "then": "undo"})
    assert answer.location.endswith("#slot-headline")
    page = browser.get(address).get_data(as_text=True)
    assert "Taken back: Headline." in page
    assert 'aria-label="Redo: Headline"' in page
    browser.post(address, data={"then": "redo", **seen(page)})
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {"headline": "Mine"}
    browser.post(address, data={"reset": "headline"})
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {}
    assert re.search(r"<form[^>]*id=\"words\".*?<button[^>]*>Save</button>", page, re.DOTALL), "Enter saves"
    first = re.findall(r"<button[^>]*type=\"submit\"[^>]*>", page.partition('id="words"')[2])[0]
    assert "name=" not in first, "the first button is what Enter presses: it only saves"


def test_a_campaign_wears_the_brand_that_is_chosen_and_nobody_elses(as_person: Browser, cast: Cast) -> None:
    def brand(partner: Any, name: str, default: bool = False) -> BrandProfile:
        row = BrandProfile(partner_id=partner.id, name=name, is_default=default, updated_at=now())
        db.session.add(row)
        return row

    main, second, theirs = (
        brand(cast.harbour, "Main", True),
        brand(cast.harbour, "Care"),
        brand(cast.leuvelink, "X", True),
    )
    campaign = draft(cast)
    address = f"/campaigns/{campaign.pid}/words"
    browser = as_person(cast.maya)
    assert f'<option value="{main.pid}" selected>Main</option>' in browser.get(address).get_data(as_text=True)
    browser.post(address, data={"brand": second.pid})
    assert campaign_for(cast.harbour, campaign.pid).brand_id == second.id
    assert browser.post(address, data={"brand": theirs.pid}).status_code == 404
    assert campaign_for(cast.harbour, campaign.pid).brand_id == second.id


def test_others_can_write_while_the_preview_is_drawn(
    as_person: Browser, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer: whoever draws a preview must not be it."""
    campaign = draft(cast)
    path = db.engine.url.database
    drawn = []

    def drawing(*_: Any, **__: Any) -> Any:
        with sqlite3.connect(str(path), timeout=0) as other:
            other.execute("BEGIN IMMEDIATE")
            drawn.append(other.execute("SELECT slot_values FROM campaign").fetchone()[0])
            other.execute("ROLLBACK")
        raise RenderError([Problem("x", "It can’t be drawn.", "Mend it.")])

    monkeypatch.setattr(preview, "inbox", drawing)
    browser = as_person(cast.maya)
    answer = browser.post(f"/campaigns/{campaign.pid}/words", data={"slot-person": "Jonas"}, headers=HX)
    assert answer.status_code == 200
    assert drawn == ['{"person": "Jonas"}'], "what was typed is saved before anything is drawn"
