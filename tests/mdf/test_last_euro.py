"""Two people at once: one gets the last euro, one decision counts, and the ledger stays whole."""

import contextvars
import threading
from collections.abc import Callable

import pytest
from flask import Flask

from app.accounts.actor import Actor
from app.db import db
from app.errors import AppError
from app.mdf import decide, settle
from app.mdf.models import Claim, MdfRequest
from app.mdf.verify import verify
from tests.mdf.conftest import Stage, euros

pytestmark = pytest.mark.both_databases


def at_once(app: Flask, *deeds: Callable[[], None]) -> list[str]:
    """Run each deed in a thread and transaction of its own, started together; returns "done" or the error's words."""
    barrier = threading.Barrier(len(deeds))
    outcomes: list[str] = [""] * len(deeds)

    def run(place: int, deed: Callable[[], None]) -> None:
        with app.app_context():
            barrier.wait(10)
            try:
                deed()
                db.session.commit()
                outcomes[place] = "done"
            except AppError as error:
                db.session.rollback()
                outcomes[place] = error.message
            finally:
                db.session.remove()

    threads = [
        threading.Thread(target=contextvars.Context().run, args=(run, i, deed))
        for i, deed in enumerate(deeds)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def approve(actor: Actor, request_id: int, amount: float) -> Callable[[], None]:
    return lambda: decide.approve(actor, db.session.get_one(MdfRequest, request_id), euros(amount))


def test_two_requests_for_the_last_euro(app: Flask, stage: Stage) -> None:
    stage.approved(1500), stage.approved(1500)
    first, second = stage.ask(1500, 3000), stage.ask(1500, 3000)
    db.session.commit()
    outcomes = at_once(app, approve(stage.tomas, first.id, 1500), approve(stage.vera, second.id, 1500))
    assert sorted(outcomes)[1] == "done"
    assert "is available to this partner" in sorted(outcomes)[0]
    db.session.expire_all()
    assert stage.balances.available == 50_000
    assert not verify().faults


def test_one_request_decided_twice(app: Flask, stage: Stage) -> None:
    request = stage.ask(1200)
    db.session.commit()
    outcomes = at_once(app, approve(stage.tomas, request.id, 1200), approve(stage.vera, request.id, 1200))
    assert outcomes.count("done") == 1
    db.session.expire_all()
    assert stage.balances.reserved == 120_000
    assert not verify().faults


def test_one_claim_paid_twice(app: Flask, stage: Stage) -> None:
    _, made = stage.claimed()
    settle.approve(stage.tomas, made, euros(1200))
    db.session.commit()
    number = made.id
    pay = [
        lambda who=who: settle.pay(who, db.session.get_one(Claim, number), "SEPA")
        for who in (stage.tomas, stage.vera)
    ]
    assert at_once(app, *pay).count("done") == 1
    db.session.expire_all()
    assert stage.balances.paid == 120_000
    assert not verify().faults
