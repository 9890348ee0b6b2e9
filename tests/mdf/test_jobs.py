"""The beat expires what is due, once, and one broken fund holds up no other."""

from datetime import timedelta

import pytest

from app.clock import today
from app.db import db
from app.mdf import expire
from app.mdf.jobs import expire_due
from app.mdf.models import MdfRequest, RequestStatus
from tests.mdf.conftest import Stage


def overdue(stage: Stage) -> int:
    request = stage.approved()
    request.claim_by = today("Europe/Oslo") - timedelta(days=1)
    db.session.commit()
    return request.id


def test_it_expires_once(stage: Stage) -> None:
    number = overdue(stage)
    assert expire_due() == 1
    assert expire_due() == 0
    assert db.session.get_one(MdfRequest, number).status is RequestStatus.EXPIRED


def test_a_fund_that_fails_is_left_and_tried_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    number = overdue(stage)

    def fail(fund_id: int) -> int:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(expire, "expire", fail)
        assert expire_due() == 0
    assert db.session.get_one(MdfRequest, number).status is RequestStatus.APPROVED
    assert expire_due() == 1
