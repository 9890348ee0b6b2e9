"""What the beat does about returned mail."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.clock import now
from app.db import db
from app.delivery.records import Came, ReturnedMail, Source
from app.delivery.returned import folder, incoming, jobs
from tests.returned import mails
from tests.returned.conftest import Sent
from tests.returned.state import kept
from worker import beat


@pytest.fixture(scope="module")
def overrides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"bounce_folder": tmp_path_factory.mktemp("bounces")}


def test_the_folder_of_the_settings_is_read_once_nobody_writes_to_it(
    app: Flask, sent: Sent, overrides: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    home: Path = overrides["bounce_folder"]
    (home / "a.eml").write_bytes(mails.report(sent.to_sanne))
    assert jobs.wake_folder(app) == 0
    monkeypatch.setattr(jobs, "_SETTLED", 0.0)
    assert jobs.wake_folder(app) == 1
    assert [row.source for row in kept()] == [Source.FOLDER]


def test_a_folder_that_is_gone_is_no_reason_to_fail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object) -> list[Path]:
        raise PermissionError

    monkeypatch.setattr(folder, "_files", gone)
    assert jobs.wake_folder(app) == 0


def test_what_belongs_to_nobody_is_forgotten_after_three_months(app: Flask, sent: Sent) -> None:
    for days, partner in ((100, None), (10, None), (100, sent.to_sanne.partner_id)):
        at = now() - timedelta(days=days)
        db.session.add(
            ReturnedMail(
                partner_id=partner,
                kind=Came.SOFT,
                source=Source.FOLDER,
                received_at=at,
                dedupe=f"{days} {partner}",
            )
        )
    db.session.commit()
    assert jobs.forget_unmatched(app) == 1
    db.session.commit()
    assert len(kept()) == 2


def test_a_mail_that_breaks_what_hears_it_is_set_aside_and_the_others_go_on(
    app: Flask, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = incoming.classify

    def breaks(raw: bytes) -> Any:
        if b"poison" in raw:
            raise RuntimeError
        return real(raw)

    monkeypatch.setattr(incoming, "classify", breaks)
    for raw in (b"Subject: poison\r\n\r\n", mails.report(sent.to_sanne)):
        incoming.store(db.engine, [sent.to_sanne.id], Source.SMTP, raw, now())
    assert jobs.wake_returned(app) == 1
    for _ in range(incoming.MAX_TRIES + 1):
        assert jobs.wake_returned(app) == 0
    assert [row.kind for row in kept()] == [Came.HARD]


def test_the_beat_wakes_all_of_it() -> None:
    assert {"returned mail", "refusals", "bounce folder", "unmatched bounces"} <= {
        wake.name for wake in beat.WAKES
    }
