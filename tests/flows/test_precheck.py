"""The check before sending: what doesn't work is told with the mail and the mend, nothing waits in a request, nothing blocks for it."""

import html as html_module
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.assets.store import store
from app.assets.upload import add_image
from app.campaigns import words
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db
from app.flows import jobs, precheck, precheck_job, spam_score
from app.flows.check import check
from app.flows.records import MailCheck, MailCheckState
from app.kits.models import KitVersion
from app.outbound import Client
from app.queue import JobName
from tests.assets.pictures import picture
from tests.delivery.ready import campaign as complete
from tests.delivery.ready import maya
from tests.outbound.web import Web, answer, to, web
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
PNG = picture(size=(4, 4))


@pytest.fixture(scope="module")
def overrides() -> dict[str, Any]:
    return {"outbound_allow": ("127.0.0.1:*",)}


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as running:
        yield running


def add(campaign: Campaign, markup: str, slots: dict[str, str] | None = None) -> None:
    """Put more into the campaign's first mail; `slots` are url fields of the partner's."""
    version = db.session.get_one(KitVersion, campaign.kit_version_id)
    manifest = dict(version.manifest)
    emails = [dict(each) for each in manifest["emails"]]
    emails[0]["source"] = emails[0]["source"].replace(
        "<mj-text>{{ slot.local | lines }}</mj-text>",
        "<mj-text>{{ slot.local | lines }}</mj-text>" + markup,
    )
    more = [{"name": name, "type": "url", "label": f"Field {name}"} for name in slots or {}]
    other = {**manifest, "emails": emails, "slots": [*manifest["slots"], *more]}
    rows = update(KitVersion).where(KitVersion.id == version.id)  # past the model, which refuses it
    db.session.execute(rows.values(manifest=other))
    db.session.refresh(version)
    if slots:
        assert words.save(maya_of(campaign), campaign, slots) == {}
    db.session.commit()


def maya_of(campaign: Campaign) -> Any:
    from app.accounts.actor import Actor
    from app.accounts.models import Organisation, Person, Role

    person = db.session.scalars(select(Person).where(Person.name == "Maya de Vries")).one()
    return Actor(person, db.session.get_one(Organisation, campaign.partner_id), Role.ADMIN)


def link(url: str) -> str:
    return f'<mj-text><a href="{html_module.escape(url)}">More</a></mj-text>'


def image(url: str) -> str:
    return f'<mj-image src="{html_module.escape(url)}" alt="A picture" />'


def run(campaign: Campaign) -> MailCheck:
    """Ask, and do the worker's part."""
    actor = maya_of(campaign)
    precheck.ask(actor, check(actor, campaign))
    db.session.commit()
    (row,) = db.session.scalars(select(MailCheck)).all()
    jobs.check_mail(row.id)
    db.session.refresh(row)
    return row


def told(row: MailCheck) -> list[tuple[str, str, str]]:
    return [(line["state"], line["title"], line["note"]) for line in row.found]


@pytest.mark.both_databases
def test_a_sound_mail_is_said_to_be_sound(cast: Cast, server: Web, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    server.paths["/facts"] = answer(200, b"facts")
    server.paths["/logo.png"] = answer(200, PNG, Content_Type="image/png")
    add(campaign, link(server.url("/facts")) + image(server.url("/logo.png")))
    row = run(campaign)
    assert row.state is MailCheckState.DONE
    assert {state for state, _, _ in told(row)} == {"met"}
    titles = [title for _, title, _ in told(row)]
    assert titles[0] == "The landing page is ready"
    assert titles[1] == "The link answers"
    assert re.fullmatch(r"All \d+ pictures load", titles[2])
    assert {asked for asked, _ in server.asked} == {"HEAD /facts", "GET /logo.png"}
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert "The link answers" in page
    assert "Looked at" in page
    assert "Launch to 1 person" in page.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("do", "words_"),
    [
        (answer(404), "There is no such page (404)."),
        (answer(503), "Its server has trouble (503)."),
        (answer(418), "It answers with an error (418)."),
        (to("http://169.254.169.254/latest/"), "It leads into a private network"),
        (lambda connection, _: None, "Nothing answers there."),
    ],
)
def test_a_dead_link_is_told_with_its_mail_and_does_not_block(
    cast: Cast, server: Web, as_person: Browser, do: Any, words_: str
) -> None:
    campaign = complete(cast, ["ana"])
    server.paths["/gone"] = do
    add(campaign, link(server.url("/gone")))
    row = run(campaign)
    (line,) = [line for line in row.found if line["state"] == "warn"]
    assert line["title"] == f"A link doesn’t work: {server.url('/gone')}"
    assert words_ in line["note"]
    assert "In “Email 1: the invitation”." in line["note"]
    assert "tell Northwind Cloud" in line["note"]
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert server.url("/gone") in page
    assert "Launch to 1 person" in page.replace("\xa0", " ")


def test_an_address_of_the_partners_own_leads_to_its_field(cast: Cast) -> None:
    campaign = complete(cast, ["ana"])
    add(
        campaign,
        '<mj-text><a href="{{ slot.more }}">More</a></mj-text>',
        {"more": "https://nowhere.harbour-it.example/typo"},
    )
    (line,) = [line for line in run(campaign).found if line["state"] == "warn"]
    assert line["href"] == f"/campaigns/{campaign.pid}/words#slot-more"
    assert line["action"] == "Change it"


def test_a_server_that_wants_no_program_is_doubtful_not_dead(cast: Cast, server: Web) -> None:
    campaign = complete(cast, ["ana"])
    server.paths["/shy"] = lambda connection, method: answer(405 if method == "HEAD" else 200)(
        connection, method
    )
    server.paths["/closed"] = answer(403)
    add(campaign, link(server.url("/shy")) + link(server.url("/closed")))
    warned = [line["title"] for line in run(campaign).found if line["state"] == "warn"]
    assert warned == [f"A link could not be checked: {server.url('/closed')}"]


@pytest.mark.parametrize(
    ("do", "words_"),
    [
        (answer(200, b"<html>", Content_Type="text/html"), "What comes is no picture."),
        (answer(200, b"not a png at all", Content_Type="image/png"), "What comes is no picture."),
        (answer(200, b"<svg/>", Content_Type="image/svg+xml"), "It is an SVG"),
        (answer(200, PNG + b"\0" * 1_200_000, Content_Type="image/png"), "It weighs 1.2 MB"),
        (answer(404), "There is no such page (404)."),
    ],
)
def test_a_picture_must_be_one(cast: Cast, server: Web, do: Any, words_: str) -> None:
    campaign = complete(cast, ["ana"])
    server.paths["/a.png"] = do
    add(campaign, image(server.url("/a.png")))
    (line,) = [line for line in run(campaign).found if line["state"] == "warn"]
    assert line["title"].startswith("A picture doesn’t work")
    assert words_ in line["note"]


def test_our_own_pictures_and_pages_are_looked_up_not_asked_for(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was asked over the network")

    monkeypatch.setattr(Client, "get", never)
    monkeypatch.setattr(Client, "head", never)
    campaign = complete(cast, ["ana"])
    asset = add_image(maya(cast), "door.png", picture(size=(1300, 731)))
    assert words.save(maya(cast), campaign, {"picture": {"asset": asset.pid, "alt": "A door"}}) == {}
    db.session.commit()
    assert {line["state"] for line in run(campaign).found} == {"met"}
    store().delete(asset.key)
    for row in db.session.scalars(select(MailCheck)):
        row.finished_at = now() - timedelta(minutes=1)
    db.session.commit()
    (line,) = [line for line in run(campaign).found if line["state"] == "warn"]
    assert "The file is gone." in line["note"]
    assert line["href"].endswith("#slot-picture")


@pytest.mark.both_databases
def test_the_result_holds_until_a_word_changes(cast: Cast, server: Web, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    run(campaign)
    browser = as_person(cast.maya)
    assert "Looked at" in browser.get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert words.save(maya(cast), campaign, {"headline": "Another one"}) == {}
    db.session.commit()
    page = browser.get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert "Links and pictures aren’t looked at yet" in page
    assert 'hx-trigger="load"' in page
    run(campaign)
    assert len(db.session.scalars(select(MailCheck)).all()) == 1


def test_nothing_waits_on_the_network_in_a_request(
    cast: Cast, server: Web, as_person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr("app.queue.ring", lambda settings, found: rung.extend(found))
    campaign = complete(cast, ["ana"])
    server.paths["/slow"] = lambda connection, _: time.sleep(5)
    add(campaign, link(server.url("/slow")))
    browser = as_person(cast.maya)
    began = time.monotonic()
    browser.get(f"/campaigns/{campaign.pid}/launch")
    back = browser.post(f"/campaigns/{campaign.pid}/check")
    live = browser.post(f"/campaigns/{campaign.pid}/check", headers={"HX-Request": "true"})
    shown = browser.get(f"/campaigns/{campaign.pid}/check").get_data(as_text=True)
    assert time.monotonic() - began < 4
    assert server.asked == []
    assert back.status_code == 303
    assert back.location.endswith("/launch#looked")
    assert live.get_data(as_text=True) == shown
    assert 'hx-trigger="every 2s"' in shown
    assert "<noscript>" in shown
    (row,) = db.session.scalars(select(MailCheck)).all()
    assert [job for job in rung if job[0] is JobName.CHECK_MAIL] == [(JobName.CHECK_MAIL, (row.id,))]


def test_progress_is_seen_while_it_runs_and_no_transaction_is_open_meanwhile(
    cast: Cast, server: Web, as_person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precheck_job, "_NOTE_EVERY", 0.05)
    campaign = complete(cast, ["ana"])
    go, seen = threading.Event(), []
    server.paths["/quick"] = answer(200)

    def slow(connection: Any, method: str) -> None:
        go.wait(10)
        answer(200)(connection, method)

    server.paths["/slow"] = slow
    add(campaign, link(server.url("/quick")) + link(server.url("/slow")))
    actor = maya_of(campaign)
    precheck.ask(actor, check(actor, campaign))
    db.session.commit()
    row_id = db.session.scalars(select(MailCheck.id)).one()
    browser = as_person(cast.maya)

    def watch() -> None:
        with browser.application.app_context():
            until = time.monotonic() + 10
            while time.monotonic() < until:
                row = db.session.get_one(MailCheck, row_id)
                if row.total and row.done == row.total - 1:
                    row.rung_at = now()
                    db.session.commit()  # a writer gets its turn at once
                    seen.append(row.done)
                    break
                db.session.rollback()
                time.sleep(0.05)
            db.session.remove()
        go.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    jobs.check_mail(row_id)
    watcher.join(15)
    assert seen
    assert db.session.get_one(MailCheck, row_id).state is MailCheckState.DONE


def test_what_finds_no_time_is_told(cast: Cast, server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precheck_job, "SECONDS", 0.3)
    monkeypatch.setattr(precheck_job, "_NOTE_EVERY", 0.1)
    campaign = complete(cast, ["ana"])
    server.paths["/slow"] = lambda connection, _: time.sleep(2)
    add(campaign, link(server.url("/slow")))
    (line,) = [line for line in run(campaign).found if line["state"] == "warn"]
    assert "no time left" in line["note"]


@pytest.mark.both_databases
def test_a_check_whose_worker_died_is_taken_again_and_given_up_after_three(
    app: Flask, cast: Cast, as_person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(jobs, "ring", lambda settings, found: rung.extend(found))
    campaign = complete(cast, ["ana"])
    actor = maya_of(campaign)
    precheck.ask(actor, check(actor, campaign))
    db.session.commit()
    row = db.session.scalars(select(MailCheck)).one()
    for _ in range(precheck.TRIES):
        row.rung_at = now() - timedelta(minutes=1)
        db.session.commit()
        assert jobs.wake_checks(app) == 1
        assert precheck.claim(row.id) is not None
        assert precheck.claim(row.id) is None
        db.session.refresh(row)
        row.started_at = now() - timedelta(minutes=5)
        db.session.commit()
        assert not precheck.note(row.id, row.attempts - 1, done=99), "a zombie changes nothing"
        db.session.commit()
    assert jobs.wake_checks(app) == 0
    db.session.refresh(row)
    assert row.state is MailCheckState.FAILED
    assert len(rung) == precheck.TRIES
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert "The check didn’t come to its end" in page


def test_words_that_change_under_a_waiting_check_end_it(cast: Cast) -> None:
    campaign = complete(cast, ["ana"])
    actor = maya_of(campaign)
    precheck.ask(actor, check(actor, campaign))
    assert words.save(actor, campaign, {"headline": "Another one"}) == {}
    db.session.commit()
    row = db.session.scalars(select(MailCheck)).one()
    jobs.check_mail(row.id)
    db.session.refresh(row)
    assert row.state is MailCheckState.FAILED


def test_who_may_only_look_sees_it_and_cannot_ask(cast: Cast, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    viewer = as_person(cast.noor)
    page = viewer.get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert "aren’t looked at yet" in page
    assert 'hx-trigger="load"' not in page
    assert viewer.post(f"/campaigns/{campaign.pid}/check").status_code == 403
    assert as_person(cast.lieve).get(f"/campaigns/{campaign.pid}/check").status_code == 404


def test_a_mail_that_gmail_cuts_or_without_a_subject_blocks(cast: Cast, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    add(campaign, f"<mj-text>{'word ' * 22_000}</mj-text>")
    texts = [problem.text for problem in check(maya(cast), campaign).problems]
    assert any("Gmail cuts from 102 KB on" in text for text in texts)
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch").get_data(as_text=True)
    assert "Launch to 1 person" not in page.replace("\xa0", " ")


REPORT = """Subject: x

Content analysis details:   (6.4 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
 1.3 MISSING_HEADERS        Missing To: header
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 0.0 HTML_MESSAGE           BODY: HTML included in message
 3.9 FILLER_WORDS           BODY: Talks about money a lot
                            and about more
 1.2 MIME_HTML_ONLY         BODY: Message only has text/html MIME parts
"""


def test_spamassassins_report_is_read(tmp_path: Path) -> None:
    got = spam_score.parse(REPORT)
    assert got is not None
    assert (got.points, got.limit) == (6.4, 5.0)
    assert got.reasons == (
        (3.9, "Talks about money a lot"),
        (1.3, "Missing To: header"),
        (1.2, "Message only has text/html MIME parts"),
    )
    assert spam_score.parse("0/0\n") is None
    assert spam_score.parse("") is None


def _program(folder: Path, script: str) -> tuple[str, ...]:
    path = folder / "spamassassin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return (str(path), "-L", "-t", "-x")


def test_a_program_that_hangs_or_fails_gives_no_opinion(tmp_path: Path) -> None:
    began = time.monotonic()
    assert spam_score.score(b"x", _program(tmp_path, "exec sleep 5"), 0.3) is None
    assert time.monotonic() - began < 3
    assert spam_score.score(b"x", _program(tmp_path, "exit 3")) is None
    assert spam_score.score(b"x", (str(tmp_path / "nowhere"),)) is None


def test_where_it_is_installed_its_points_stand_in_the_check_and_else_nothing(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = complete(cast, ["ana"])
    (tmp_path / "report").write_text(REPORT)
    command = _program(tmp_path, f"cat > {tmp_path}/mail; cat {tmp_path}/report")
    monkeypatch.setattr(spam_score, "program", lambda: command)
    (line,) = [line for line in run(campaign).found if "spam filter" in line["title"]]
    assert (
        line["title"].endswith("a spam filter gives it 6.4 points")
        or line["title"] == "A spam filter gives it 6.4 points"
    )
    assert line["state"] == "warn"
    assert "From 5.0 on it counts as spam. Most: 3.9 for “Talks about money a lot”" in line["note"]
    mail = (tmp_path / "mail").read_bytes()
    assert b"List-Unsubscribe: <" in mail
    for row in db.session.scalars(select(MailCheck)):
        row.finished_at = now() - timedelta(minutes=1)
    db.session.commit()
    monkeypatch.setattr(spam_score, "program", lambda: None)
    assert not [line for line in run(campaign).found if "spam" in line["title"]]
