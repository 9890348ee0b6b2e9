"""The beat: one at a time, each wake by itself, and a successor when it dies."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Organisation, OrganisationKind
from app.db import db
from app.settings import Settings
from tests.rig.processes import until
from worker import beat, drain
from worker.beat import Wake

pytestmark = pytest.mark.both_databases


@pytest.fixture
def beats(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator["Beats"]:
    """Start beats in threads; each ends when the test does."""
    running = Beats(app, settings)
    monkeypatch.setattr(beat.signal, "signal", lambda *_: None)
    monkeypatch.setattr(drain, "asked", running.stop.is_set)
    monkeypatch.setattr(beat, "_STAND_BY", 0.2)
    yield running
    running.stop.set()
    for thread in running.threads:
        thread.join(10)


class Beats:
    """Some beats side by side."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self, *wakes: Wake) -> None:
        """One more beat."""
        thread = threading.Thread(target=beat.run, args=(self.app, self.settings, wakes))
        self.threads.append(thread)
        thread.start()


def _broken(_app: Flask) -> None:
    raise RuntimeError("no")


def test_a_wake_that_fails_leaves_nothing_and_stops_no_other(app: Flask) -> None:
    def half(_app: Flask) -> None:
        db.session.add(Organisation(kind=OrganisationKind.VENDOR, name="Half", slug="half"))
        db.session.flush()
        raise RuntimeError("no")

    def whole(_app: Flask) -> None:
        db.session.add(Organisation(kind=OrganisationKind.VENDOR, name="Whole", slug="whole"))

    for wake in (Wake("half", 1, half), Wake("whole", 1, whole)):
        beat.call(app, wake)
    assert db.session.scalars(select(Organisation.slug)).all() == ["whole"]


def test_it_goes_on_calling_after_an_error(beats: Beats) -> None:
    calls: list[float] = []
    beats.start(Wake("broken", 0, _broken), Wake("counted", 0, lambda _: calls.append(0)))
    assert until(lambda: len(calls) >= 3)


def test_of_two_beats_one_stands_by(beats: Beats) -> None:
    first, second = list[int](), list[int]()
    beats.start(Wake("first", 0, lambda _: first.append(0)))
    assert until(lambda: first)
    beats.start(Wake("second", 0, lambda _: second.append(0)))
    assert until(lambda: len(first) >= 6)
    assert second == []


def test_when_the_lock_is_free_again_the_other_takes_over(
    app: Flask, settings: Settings, beats: Beats
) -> None:
    second: list[int] = []
    with beat._alone(app, settings) as alone:
        assert alone()
        beats.start(Wake("second", 0, lambda _: second.append(0)))
        assert not until(lambda: second, 0.7)
    assert until(lambda: second)
