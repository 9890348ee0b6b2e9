"""The wrapper around every job: its own transaction, no trace of people in what is kept of a failure, and what is worth another try."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Organisation, OrganisationKind
from app.db import db
from app.errors import Conflict, NotFound
from app.queue import JobName
from worker import jobs

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def this_application(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in the test's application."""
    monkeypatch.setattr(jobs, "application", lambda: app)


def _job(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
    def work(number: int) -> None:
        db.session.add(
            Organisation(kind=OrganisationKind.VENDOR, name=f"Vendor {number}", slug=f"vendor-{number}")
        )
        db.session.flush()
        if error:
            raise error

    monkeypatch.setitem(jobs.JOBS, JobName.SEND_MAIL, work)


def _written() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Organisation.slug)))


def test_what_a_job_wrote_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    _job(monkeypatch)
    jobs.run("send_mail", 7)
    assert _written() == ["vendor-7"]


def test_a_failed_job_leaves_nothing_and_asks_for_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    _job(monkeypatch, RuntimeError("sanne@vandijk.example did not like it"))
    with pytest.raises(jobs.JobFailed) as failed:
        jobs.run("send_mail", 7)
    assert _written() == []
    assert "RuntimeError" in str(failed.value)
    assert "sanne" not in str(failed.value)
    assert failed.value.__suppress_context__


@pytest.mark.parametrize("error", [NotFound(), Conflict("too late")])
def test_a_job_whose_thing_is_gone_or_moved_on_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    _job(monkeypatch, error)
    jobs.run("send_mail", 7)
    assert _written() == []


def test_every_name_of_a_job_has_its_function() -> None:
    assert set(jobs.JOBS) == set(JobName)
