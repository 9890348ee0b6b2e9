"""The DNS at its worst: silence, circles, floods, dangling names. A check ends in time and says what happened."""

import time
from dataclasses import replace

import pytest
from flask import Flask

from app.domains import lookup
from app.domains.lookup import Answer, Found, Lookups
from app.settings import current
from tests.rig.nameserver import NameServer


def ask(name: str, kind: str = "TXT") -> Answer:
    return Lookups(current()).ask(name, kind)


def test_a_silent_server_is_given_up_in_time(
    app: Flask, dns: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "SECONDS", 0.6)
    monkeypatch.setattr(lookup, "IN_ALL", 1.0)
    dns.mood("quiet.example", "silent")
    began, lookups = time.monotonic(), Lookups(current())
    assert lookups.ask("quiet.example", "TXT").why == "the DNS server did not answer in time"
    dns.mood("quiet2.example", "silent")
    assert lookups.ask("quiet2.example", "TXT").found is Found.FAILED
    assert lookups.ask("quiet3.example", "TXT").found is Found.FAILED, "its time is up: nothing more is asked"
    assert time.monotonic() - began < 3
    assert ("quiet3.example", "TXT") not in dns.asked


def test_cnames_in_a_circle_end(app: Flask, dns: NameServer) -> None:
    dns.cname("a.example", "b.example")
    dns.cname("b.example", "a.example")
    assert ask("a.example").found is not Found.ANSWER


def test_a_chain_of_cnames_without_end_ends(app: Flask, dns: NameServer) -> None:
    for number in range(40):
        dns.cname(f"c{number}.example", f"c{number + 1}.example")
    assert ask("c0.example").found is Found.FAILED


def test_a_dangling_cname_says_where_it_led(app: Flask, dns: NameServer) -> None:
    dns.cname("a.example", "gone.example")
    assert ask("a.example") == Answer(Found.NOTHING, alias="gone.example")


def test_a_flood_of_records_is_looked_at_no_further(app: Flask, dns: NameServer) -> None:
    dns.txt("flood.example", *(f"{number} " + "x" * 200 for number in range(200)))
    answer = ask("flood.example")
    assert answer.found is Found.FAILED
    assert "200 records" in answer.why


def test_a_long_answer_comes_by_tcp_and_is_cut(app: Flask, dns: NameServer) -> None:
    dns.txt("long.example", "y" * 20_000)
    assert ask("long.example").values == ("y" * 4_000,)


def test_no_such_name_and_a_name_that_is_too_long_hold_nothing(app: Flask, dns: NameServer) -> None:
    assert ask("nobody.example") == Answer(Found.NOTHING)
    assert ask(".".join(["x" * 60] * 5)) == Answer(Found.NOTHING)
    assert ask("x" * 70 + ".example") == Answer(Found.NOTHING)


def test_text_that_is_no_text_is_shown_escaped(app: Flask, dns: NameServer) -> None:
    dns.txt("raw.example", "\\255\\000")
    assert ask("raw.example").found is Found.ANSWER


def test_where_no_server_listens_it_says_so(app: Flask) -> None:
    nowhere = replace(current(), dns_server="127.0.0.1:9")
    began = time.monotonic()
    assert Lookups(nowhere).ask("a.example", "TXT").found is Found.FAILED
    assert time.monotonic() - began < 6


def test_many_questions_are_asked_at_once_and_each_once(app: Flask, dns: NameServer) -> None:
    lookups = Lookups(current())
    questions = [(f"n{number}.example", "TXT") for number in range(20)]
    lookups.gather([*questions, *questions])
    lookups.gather(questions)
    assert len(dns.asked) == 20
