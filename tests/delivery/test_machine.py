"""Random schedules of everything that can happen to a send, on the engine's own steps: the invariants hold after each of them.

Workers are taken apart, put to sleep, killed and doubled; the server answers what and when it likes; people say no, pause, cancel and
send again; the sweeper comes by at any time. At the end everything is let go on, and every message must have come to an end.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text, update

from app import queue
from app.accounts.actor import Actor
from app.accounts.models import Organisation, Person, Role
from app.audience import suppress as suppression
from app.audience.models import Contact, SuppressionReason, SuppressionScope
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import control, expand, finish, recall, sweep
from app.delivery.control import Knows
from app.delivery.failpoints import POINTS
from app.delivery.models import DELIVERY, Delivery, DeliveryState, Send, SendingWorker, SendStatus
from app.delivery.policy import End
from app.delivery.wire import Outcome, Verdict
from app.settings import current
from tests.delivery import made
from tests.delivery.sim import LATER, Died, Server, Time, Worker
from tests.rig.cast import Cast

S = DeliveryState
PEOPLE = 6
BEFORE = ["invite", "invite", "invite", "later", "reject", "close"]
AFTER = ["accept", "accept", "accept", "later", "reject", "lose", "lose taken", "nonsense"]
DEADLY = sorted(POINTS - {"launch-frozen", "expand-chunk", "expand-committed"})


@pytest.fixture
def start(app: Flask, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with a send that has just been expanded, to begin each run from; everything reads a clock that is set by hand."""
    monkeypatch.setattr(queue, "ring", lambda *_: None)
    made.watch_transitions()
    send = made.send(cast, [f"p{n}" for n in range(PEOPLE)])
    expand.expand(db.engine, send.id)
    db.session.remove()
    db.engine.dispose()
    kept = tmp_path / "start.db"
    shutil.copy(str(db.engine.url.database), kept)
    Faults.start, Faults.patch = kept, monkeypatch
    return kept


class Faults(RuleBasedStateMachine):
    """One send, up to three workers, one mail server."""

    start: Path
    patch: pytest.MonkeyPatch

    @initialize()
    def begin(self) -> None:
        db.session.remove()
        db.engine.dispose()
        path = Path(str(db.engine.url.database))
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.start, path)
        self.time = Time()
        self.time.rule(self.patch)
        self.workers: list[Worker] = []
        self.server = Server(self.leaves)
        self.resent: Counter[int] = Counter()
        self.never: dict[
            int, int
        ] = {}  # rows that may not be sent any more, and how often they had been accepted by then
        self.send_id, self.campaign_id = db.session.execute(select(Send.id, Send.campaign_id)).one()
        person = db.session.scalars(select(Person).where(Person.name == "Maya de Vries")).one()
        partner = db.session.scalars(select(Organisation).where(Organisation.slug == "harbour-it")).one()
        self.actor = Actor(person, partner, Role.ADMIN)
        db.session.rollback()

    # Workers

    @precondition(lambda self: len(self.workers) < 3)
    @rule(lanes=st.integers(1, 3))
    def a_worker_begins(self, lanes: int) -> None:
        """The job is delivered, perhaps a second time."""
        self.workers.append(Worker(db.engine, current().data_dir, self.send_id, self.server, lanes))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), times=st.integers(1, 5))
    def it_flows(self, data: st.DataObject, times: int) -> None:
        """For a moment nothing goes wrong: whoever asks is invited, and most answers come."""
        for _ in range(times):
            for worker in list(self.workers):
                self.go_on(worker, "all")
            for lane in self.server.asked:
                lane.invite()
            for lane in self.server.holding[: data.draw(st.integers(0, 3))]:
                lane.settle(Outcome(Verdict.ACCEPTED, "taken"))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), part=st.sampled_from(["all", "all", "all", "tick", "fill", "round", "listen"]))
    def a_worker_goes_on(self, data: st.DataObject, part: str) -> None:
        self.go_on(data.draw(st.sampled_from(self.workers)), part)

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), point=st.sampled_from(DEADLY))
    def a_worker_dies_at(self, data: st.DataObject, point: str) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        worker.dies_at = point
        self.go_on(worker, "all")
        worker.dies_at = ""

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        self.bury(data.draw(st.sampled_from(self.workers)))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), answers=st.booleans())
    def commits_take_their_time(self, data: st.DataObject, answers: bool) -> None:
        """What was committed is not known to be: meanwhile the network is heard, and anything else happens."""
        data.draw(st.sampled_from(self.workers)).store.answers = answers

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_worker_is_asked_to_stop(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.workers)).asked_to_stop = True

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_worker_is_on_another_machine(self, data: st.DataObject) -> None:
        """There its death can't be seen, only its silence."""
        worker = data.draw(st.sampled_from(self.workers))
        with db.engine.begin() as connection:
            there = update(SendingWorker).where(SendingWorker.id == worker.id).values(host="elsewhere")
            connection.execute(there)

    def go_on(self, worker: Worker, part: str) -> None:
        try:
            result = worker.step(part)
        except Died:
            self.bury(worker)
            return
        if result is not None:
            self.workers.remove(worker)
            if result.end is End.REFUSED:
                control.pause_by_system(self.send_id, result.why)
            elif result.end is End.EMPTY:
                finish.finish(self.send_id)
            db.session.commit()

    def bury(self, worker: Worker) -> None:
        self.workers.remove(worker)
        worker.die()

    # The server

    @precondition(lambda self: self.server.asked)
    @rule(data=st.data(), what=st.sampled_from(BEFORE))
    def the_server_answers_an_announcement(self, data: st.DataObject, what: str) -> None:
        lane = data.draw(st.sampled_from(self.server.asked))
        if what == "invite":
            lane.invite()
        elif what == "close":
            lane.lose(accepted=False)
        else:
            lane.decline(LATER if what == "later" else Outcome(Verdict.REJECTED, "Refused"))

    @precondition(lambda self: self.server.holding)
    @rule(data=st.data(), what=st.sampled_from(AFTER))
    def the_server_answers_a_message(self, data: st.DataObject, what: str) -> None:
        """Also one whose worker is long dead."""
        lane = data.draw(st.sampled_from(self.server.holding))
        if what.startswith("lose"):
            lane.lose(accepted=what == "lose taken")
            return
        verdicts = {
            "accept": Verdict.ACCEPTED,
            "later": Verdict.LATER,
            "reject": Verdict.REJECTED,
            "nonsense": Verdict.UNCERTAIN,
        }
        lane.settle(Outcome(verdicts[what], what))

    def leaves(self, worker: Worker, row_id: int) -> None:
        """As a message's end leaves: it must have been written down before, and nobody may have forbidden it."""
        row = self.row(row_id)
        assert row.state is S.COMMITTING, f"row {row_id} left while it was {row.state}"
        assert row.worker == worker.id, f"row {row_id} left from a worker that had lost it"
        assert row_id not in self.never, (
            f"row {row_id} left although it was forbidden before it was written down"
        )

    # Time and the beat

    @rule(seconds=st.sampled_from([0.3, 1, 4, 4, 11, 16, 16, 61, 700]))
    def time_passes(self, seconds: float) -> None:
        self.time.seconds += seconds

    @rule()
    def the_sweeper_comes(self) -> None:
        sweep.sweep(db.engine, current().data_dir)
        recall.recall(db.engine, self.send_id)
        finish.finish(self.send_id)
        db.session.commit()

    # People

    @rule(number=st.integers(0, 2))
    def somebody_says_no(self, number: int) -> None:
        contact = db.session.scalars(
            select(Contact).where(Contact.email == f"p{number}@people.example")
        ).one()
        scope, reason = SuppressionScope.PARTNER, SuppressionReason.UNSUBSCRIBE
        suppression.suppress(scope, contact.partner_id, contact.address_hash, reason)
        row = db.session.scalars(select(Delivery).where(Delivery.contact_id == contact.id)).one()
        row_id = row.id
        db.session.commit()
        self.forbid([row_id])

    @rule(what=st.sampled_from(["pause", "resume", "resume", "resume"]))
    def a_person_stops_it_or_lets_it_go_on(self, what: str) -> None:
        campaign = db.session.get_one(Campaign, self.campaign_id, populate_existing=True)
        if what == "pause" and campaign.status is CampaignStatus.SENDING:
            control.pause(self.actor, campaign)
        elif what == "resume" and campaign.status is CampaignStatus.PAUSED:
            control.resume(self.actor, campaign)
        db.session.commit()

    @precondition(lambda self: self.time.seconds > 60)
    @rule(really=st.sampled_from([False, False, False, True]))
    def a_person_cancels(self, really: bool) -> None:
        if not really:
            return
        campaign = db.session.get_one(Campaign, self.campaign_id, populate_existing=True)
        if campaign.status in (CampaignStatus.SENDING, CampaignStatus.PAUSED):
            control.cancel(self.actor, campaign)
        db.session.commit()
        if self.send().status is SendStatus.CANCELLED:
            self.forbid([row.id for row in self.rows()])

    @rule(data=st.data())
    def a_person_sends_again(self, data: st.DataObject) -> None:
        moment = self.time.now()
        late = [r.id for r in self.rows() if r.state is S.UNCERTAIN and control.resend_from(r) <= moment]
        if late and self.send().status is not SendStatus.CANCELLED:
            row_id = data.draw(st.sampled_from(late))
            row = db.session.get_one(Delivery, row_id, populate_existing=True)
            control.resend(self.actor, row, Knows.HARMLESS)
            db.session.commit()
            self.resent[row_id] += 1

    def forbid(self, ids: list[int]) -> None:
        """Rows that had not been written down as leaving when it was forbidden."""
        for row in self.rows():
            if row.id in ids and row.state in (S.READY, S.CLAIMED, S.HELD, S.SUPPRESSED, S.CANCELLED):
                self.never.setdefault(row.id, self.server.accepted[row.id])

    # What must hold

    def rows(self) -> Sequence[Any]:
        with db.engine.begin() as connection:
            return connection.execute(select(Delivery.__table__).order_by(Delivery.id)).all()

    def row(self, row_id: int) -> Any:
        with db.engine.begin() as connection:
            return connection.execute(select(Delivery.__table__).where(Delivery.id == row_id)).one()

    def send(self) -> Any:
        with db.engine.begin() as connection:
            return connection.execute(select(Send.__table__)).one()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if not hasattr(self, "send_id"):
            return
        rows = self.rows()
        assert len(rows) == PEOPLE == self.send().expanded
        for row in rows:
            taken = self.server.accepted[row.id]
            assert taken <= 1 + self.resent[row.id], f"row {row.id} went out {taken} times"
            if taken and not self.resent[row.id]:
                assert row.state in (S.ACCEPTED, S.UNCERTAIN, S.COMMITTING), (
                    f"row {row.id} was taken and is {row.state}"
                )
            if row.state is S.ACCEPTED:
                assert taken, f"row {row.id} counts as accepted, and nobody ever took it"

    @invariant()
    def every_change_is_allowed(self) -> None:
        if not hasattr(self, "send_id"):
            return
        with db.engine.begin() as connection:
            seen = connection.execute(text("SELECT DISTINCT was, became FROM transition_log")).all()
        for was, became in seen:
            assert DELIVERY.allows(S(was), S(became)), f"a row went from {was} to {became}"

    def teardown(self) -> None:
        """Whatever happened: once nothing goes wrong any more, every message comes to an end."""
        if not hasattr(self, "send_id"):
            return
        self.heal()
        ended = {S.ACCEPTED, S.REJECTED, S.UNCERTAIN, S.SUPPRESSED, S.CANCELLED, S.FAILED}
        left = {row.id: str(row.state) for row in self.rows() if row.state not in ended}
        assert not left, f"these never came to an end: {left}"
        self.nothing_is_lost_or_doubled()
        self.every_change_is_allowed()

    def heal(self) -> None:
        for worker in list(self.workers):
            self.bury(worker)
        self.a_person_stops_it_or_lets_it_go_on("resume")
        for _ in range(12):
            self.time.seconds += timedelta(minutes=2).total_seconds()
            self.the_sweeper_comes()
            if self.send().status is not SendStatus.SENDING:
                continue
            worker = Worker(db.engine, current().data_dir, self.send_id, self.server, 2)
            self.workers.append(worker)
            for _ in range(60):
                if worker in self.workers:
                    self.go_on(worker, "all")
                for lane in self.server.asked:
                    lane.invite()
                for lane in self.server.holding:
                    lane.settle(Outcome(Verdict.ACCEPTED, "taken"))
            assert worker not in self.workers, "a slice with nothing left to do did not end"


def run(examples: int, steps: int) -> None:
    """Try so many schedules of so many steps."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        database=None,
    )
    run_state_machine_as_test(Faults, settings=chosen)


def test_no_schedule_of_faults_loses_or_doubles_a_message(start: Path) -> None:
    run(15, 40)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_no_long_schedule_of_faults_loses_or_doubles_a_message(start: Path) -> None:
    run(100, 80)
