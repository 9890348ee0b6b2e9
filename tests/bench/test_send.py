"""The benchmark measures what the Launch button does: the same rows, the same jobs, the same mails; and it counts what really arrived."""

import json
import re
import shutil
import smtplib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select

from app import ROOT, queue
from app.accounts.models import AuditEntry
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Link, Rendering, Send
from app.landing.models import PublishedPage
from app.queue import JobName
from app.settings import Settings
from bench import sink as sinks
from bench import stage
from tests.rig.sink import Sink
from worker.jobs import JOBS

PEOPLE = 12
Rung = list[tuple[JobName, tuple[int, ...]]]


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """The mail server of this module's application."""
    server = Sink()
    yield server
    server.close()


@pytest.fixture(scope="module")
def overrides(sink: Sink) -> dict[str, Any]:
    """A real transport with its list of domains, as in the benchmark."""
    allowed = tuple(f"@{domain}" for domain in stage.DOMAINS)
    return {"mail_transport": sink.url, "mail_allow": allowed, "send_connections": 3}


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Rung:
    """Every job that was rung for, in their order."""
    found: Rung = []

    def ring(_settings: Settings, jobs: list[tuple[JobName, tuple[int, ...]]]) -> None:
        found.extend(jobs)

    monkeypatch.setattr(queue, "ring", ring)
    return found


def run_to_the_end(rung: Rung) -> list[JobName]:
    """Run what is rung for until nothing is, as a worker would; returns the jobs."""
    names: list[JobName] = []
    while rung:
        name, args = rung.pop(0)
        names.append(name)
        JOBS[name](*args)
        db.session.commit()
    return names


def facts(campaign: Campaign) -> dict[str, list[dict[str, Any]]]:
    """All that is stored of a launched campaign, without what differs between any two: ids, moments, who held a row."""
    sends = select(Send.id).where(Send.campaign_id == campaign.id)
    page = db.session.scalars(select(PublishedPage.pid).where(PublishedPage.campaign_id == campaign.id)).one()
    found: dict[str, list[dict[str, Any]]] = {
        "campaign": rows(select(Campaign).where(Campaign.id == campaign.id), page),
        "send": rows(select(Send).where(Send.campaign_id == campaign.id), page),
    }
    for model, order in ((Rendering, Rendering.id), (Link, Link.number), (Delivery, Delivery.contact_id)):
        query = select(model).where(model.send_id.in_(sends)).order_by(order)
        found[model.__tablename__] = rows(query, page)
    actions = select(AuditEntry.action).where(AuditEntry.action.like("campaign.%"))
    found["log"] = [{"action": action} for action in db.session.scalars(actions.order_by(AuditEntry.id))]
    return found


def rows(query: Any, page: str) -> list[dict[str, Any]]:
    """Rows of one table by their columns, as far as they can be compared."""
    return [
        {
            column.key: plain(column.key, getattr(row, column.key), page)
            for column in inspect(type(row)).column_attrs
            if column.key not in ("id", "pid")
        }
        for row in db.session.scalars(query)
    ]


def plain(name: str, value: Any, page: str) -> Any:
    """A moment, a worker or another row's id only says that it is there; the page's own address is PAGE."""
    if (
        isinstance(value, datetime)
        or (name == "worker" and value)
        or name in ("campaign_id", "send_id", "rendering_id")
    ):
        return "is there"
    if name == "name":
        return "the campaign’s own"
    return value.replace(page, "PAGE") if isinstance(value, str) else value


def test_a_benchmark_s_campaign_is_what_the_launch_button_makes(
    app: Flask, as_person: Callable[..., FlaskClient], rung: Rung, sink: Sink
) -> None:
    on = stage.build()
    version, audience = stage.published(on), stage.people(on, PEOPLE)
    ours, theirs = (
        stage.campaign(on, version, audience, "Ours"),
        stage.campaign(on, version, audience, "Theirs"),
    )
    db.session.commit()
    before = db.session.scalars(select(AuditEntry.id).order_by(AuditEntry.id.desc())).first()

    assert stage.press(on, ours) == PEOPLE
    db.session.commit()
    jobs = run_to_the_end(rung)
    made = facts(ours)
    db.session.execute(AuditEntry.__table__.delete().where(AuditEntry.id > before))
    db.session.commit()

    form = {"when": "now", "people": str(PEOPLE)}
    browser = as_person(on.partner.person, on.partner.organisation)
    assert browser.post(f"/campaigns/{theirs.pid}/launch", data=form).status_code == 302
    assert run_to_the_end(rung) == jobs
    assert jobs[:3] == [JobName.LAUNCH_CAMPAIGN, JobName.EXPAND_SEND, JobName.SEND_SLICE]

    button = facts(theirs)
    assert made.keys() == button.keys()
    for table, stored in made.items():
        assert stored == button[table], f"the rows of {table} differ"
    assert len(made["delivery"]) == PEOPLE
    assert {row["state"] for row in made["delivery"]} == {DeliveryState.ACCEPTED}
    assert {row["status"] for row in made["campaign"]} == {CampaignStatus.FINISHED}
    assert Counter(sink.recipients().values()) == {2: PEOPLE}


def test_the_benchmark_s_mail_is_what_the_figure_is_about(app: Flask, rung: Rung, sink: Sink) -> None:
    """About 10 KB, eight links of the person's own, three of the person's fields, a pixel, and one-click unsubscribe."""
    sink.clear()
    on = stage.build()
    mine = stage.campaign(on, stage.published(on), stage.people(on, 1))
    stage.press(on, mine)
    db.session.commit()
    run_to_the_end(rung)
    mail = sink.accepted[0].content
    assert 9_500 < len(mail) < 10_750
    assert set(re.findall(rb'href="http://127\.0\.0\.1:8000/c/[\w=-]{32}/(\d)"', mail)) == {
        b"%d" % n for n in range(1, 9)
    }
    for field in (stage.FIRST[0], stage.COMPANIES[0].replace("&", "&amp;"), stage.TITLES[0]):
        assert field.encode() in mail
    assert b'.gif" width="1"' in mail
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mail


def test_the_kit_passes_its_check() -> None:
    line = [sys.executable, "-m", "cli", "kit", "check", str(stage.KIT), "--json"]
    found = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 0, found.stdout
    assert not json.loads(found.stdout).get("findings")


def test_what_is_lost_or_doubled_is_read_from_the_dump() -> None:
    if not shutil.which("smtp-sink", path="/usr/sbin:/usr/bin"):
        pytest.skip("Postfix’s smtp-sink is not installed here")
    body = f"X-Throughline-Delivery: abc\r\nMessage-ID: <abc@x>\r\nSubject: s\r\n\r\n.dot\r\nX-Rcpt-Args: <no@x>\r\n{'x' * 70}\r\n"
    with sinks.sink() as taking, smtplib.SMTP("127.0.0.1", taking.port) as client:
        for recipient in ("a@x.example", "b@x.example", "a@x.example"):
            client.sendmail("s@x.example", [recipient], body)
        client.quit()
        found = list(taking.mails())
    assert [mail.recipient for mail in found] == ["a@x.example", "b@x.example", "a@x.example"]
    assert {(mail.token, mail.message_id) for mail in found} == {("abc", "<abc@x>")}
    assert {mail.size for mail in found} == {len(body)}
    assert not taking.dump.exists()


@pytest.mark.long
def test_the_whole_benchmark_runs_and_its_last_line_is_the_result() -> None:
    if not shutil.which("smtp-sink", path="/usr/sbin:/usr/bin"):
        pytest.skip("Postfix’s smtp-sink is not installed here")
    environ = {"PATH": "/usr/bin:/bin", "RECIPIENTS": "60", "CONNECTIONS": "4", "DB": "sqlite"}
    found = subprocess.run(
        [sys.executable, "-m", "bench.send"],
        env=environ,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=100,
    )
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout.splitlines()[-1])
    assert list(result) == [
        "db", "recipients", "messages_per_s", "limit_messages_per_s", "ratio",
        "expand_s", "rss_mb", "sent", "lost", "duplicates",
    ]  # fmt: skip
    assert (result["recipients"], result["sent"], result["lost"], result["duplicates"]) == (60, 60, 0, 0)
    assert result["messages_per_s"] > 0
    assert 0 < result["expand_s"] < 20
    assert 20 < result["rss_mb"] < 300
    assert abs(result["ratio"] - result["messages_per_s"] / result["limit_messages_per_s"]) < 0.01
