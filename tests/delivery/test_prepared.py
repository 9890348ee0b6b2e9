"""A slice's own connection to PostgreSQL: arrays arrive as they were, answers count when they are durable, and a lost one says so."""

import json
import time

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.db import db
from app.delivery.prepared import Broken, Prepared, numbers, words

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True, scope="module")
STATEMENTS = {
    "texts": "SELECT to_json($1::text[])::text",
    "sum": "SELECT sum(n)::text FROM unnest($1::bigint[]) AS n",
    "wait": "SELECT pg_sleep($1::float)::text",
    "divide": "SELECT (1 / $1::int)::text",
    "me": "SELECT pg_backend_pid()::text",
}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def one(prepared: Prepared, name: str, *values: bytes) -> str:
    prepared.ask(name, values)
    rows = prepared.answer()
    assert rows is not None
    return (rows[0][0] or b"").decode()


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.none() | WORDS), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_arrays_arrive_as_they_were(app: Flask, texts: list[str | None], integers: list[int]) -> None:
    prepared = Prepared(db.engine, STATEMENTS)
    try:
        assert json.loads(one(prepared, "texts", words(texts))) == texts
        assert one(prepared, "sum", numbers(integers)) == (str(sum(integers)) if integers else "")
    finally:
        prepared.close()


def test_what_no_text_can_hold_is_left_out(app: Flask) -> None:
    prepared = Prepared(db.engine, STATEMENTS)
    assert json.loads(one(prepared, "texts", words(["250 \0taken", "\udcff"]))) == ["250 taken", "?"]
    prepared.close()


def test_an_answer_is_not_waited_for_unless_asked_to(app: Flask) -> None:
    prepared = Prepared(db.engine, STATEMENTS)
    prepared.ask("wait", [b"0.3"])
    began = time.monotonic()
    assert prepared.answer(wait=False) is None
    assert time.monotonic() - began < 0.2
    assert prepared.answer() == [[b""]]
    assert one(prepared, "divide", b"1") == "1"
    prepared.close()


def test_a_refused_statement_says_so_without_its_values_and_the_next_works(app: Flask) -> None:
    prepared = Prepared(db.engine, STATEMENTS)
    prepared.ask("divide", [b"0"])
    with pytest.raises(Broken, match=r"^the database refused: 22012$"):
        prepared.answer()
    assert one(prepared, "divide", b"1") == "1"
    prepared.close()


def test_a_connection_that_is_cut_is_trouble_and_not_silence(app: Flask) -> None:
    prepared = Prepared(db.engine, STATEMENTS)
    number = int(one(prepared, "me"))
    prepared.ask("wait", [b"20"])
    db.session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": number})
    with pytest.raises(Broken):
        prepared.answer()
    with pytest.raises(Broken):
        prepared.ask("me", [])
    prepared.close()


def test_its_plans_are_its_own(app: Flask) -> None:
    Prepared(db.engine, STATEMENTS).close()
    for _ in range(3):
        with db.engine.connect() as connection:
            assert connection.execute(text("SHOW enable_seqscan")).scalar_one() == "on"


def test_a_database_that_is_away_is_trouble(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    def away() -> None:
        raise psycopg.OperationalError("the server is not there")

    monkeypatch.setattr(db.engine, "raw_connection", away)
    with pytest.raises(Broken):
        Prepared(db.engine, STATEMENTS)
