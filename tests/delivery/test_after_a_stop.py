"""The real beat and a real worker come up after a stop of three days: what is due goes out, what was missed asks."""

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery import jobs
from app.delivery.models import Pulse
from app.flows import launch as launching
from app.flows import overdue
from app.settings import Settings
from tests.delivery import ready
from tests.rig.cast import Cast
from tests.rig.processes import until
from tests.rig.sink import Sink


@pytest.fixture(scope="module")
def overrides(sink: Sink, redis_url: str) -> dict[str, Any]:
    """The sandbox transport, whose mailbox is the sink, and a real queue."""
    return {
        "mail_transport": "sandbox",
        "sandbox_smtp": f"127.0.0.1:{sink.port}",
        "redis_url": redis_url,
    }


def environ(settings: Settings) -> dict[str, str]:
    """The same installation for another process."""
    return {
        **os.environ,
        "ENVIRONMENT": "development",
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "SUPPRESSION_KEY": settings.suppression_key,
        "MAIL_TRANSPORT": settings.mail_transport,
        "SANDBOX_SMTP": settings.sandbox_smtp,
    }


def status(campaign_id: int) -> CampaignStatus:
    """As the database has it now."""
    db.session.rollback()
    found = db.session.scalars(select(Campaign.status).where(Campaign.id == campaign_id)).one()
    db.session.rollback()
    return found


def test_what_came_due_in_the_stop_asks_and_what_is_due_goes_out(
    app: Flask, cast: Cast, settings: Settings, sink: Sink
) -> None:
    due = ready.campaign(cast, ["d1", "d2"])
    running, missed = (ready.make.copy(ready.maya(cast), due) for _ in range(2))
    running.list_id = missed.list_id = due.list_id
    for campaign, late in ((running, 0), (due, 30), (missed, 2 * 86_400)):
        launching.launch(ready.maya(cast), campaign, 2)
        campaign.scheduled_at = now() - timedelta(seconds=late)
        assert overdue.is_missed(campaign, now()) == (campaign is missed)
    db.session.commit()
    send = launching.start_due(running.id)
    assert send
    db.session.commit()
    jobs.expand_send(send.id)
    db.session.add(Pulse(name="delivery", at=now() - timedelta(days=3)))
    db.session.commit()
    ids = (running.id, due.id, missed.id)
    db.session.remove()
    commands = [[sys.executable, "-m", "cli", "worker", name] for name in ("beat", "run")]
    started = [subprocess.Popen(command, env=environ(settings)) for command in commands]
    try:
        wanted = [CampaignStatus.PAUSED, CampaignStatus.FINISHED, CampaignStatus.APPROVED]
        assert until(lambda: [status(row_id) for row_id in ids] == wanted, 100), [status(i) for i in ids]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)
    got = {address: count for address, count in sink.recipients().items() if address[0] == "d"}
    assert got == {"d1@people.example": 1, "d2@people.example": 1}, "the one that was due, once"
