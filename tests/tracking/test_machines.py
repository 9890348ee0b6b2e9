"""People told from machines: what each sign says and weighs, what only several together say, and what none of them may look at."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tracking.machines import MACHINE, Judgement, Seen, Sign, judge
from app.tracking.models import EventKind

AT = datetime(2026, 5, 19, 9, 30, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
CLICK, OPEN, VIEW = EventKind.CLICK, EventKind.OPEN, EventKind.VIEW


def click(number: int = 1, after: float = 0, agent: str = FIREFOX, method: str = "GET") -> Seen:
    return Seen(CLICK, method, agent, AT + timedelta(seconds=after), number)


def signs(found: Judgement) -> set[Sign]:
    return found.signs


@pytest.mark.parametrize(
    ("seen", "delivered", "expected"),
    [
        (click(), None, set()),
        (click(), 3600, set()),
        (click(), 16, set()),
        (click(), 15, set()),
        (click(), 14.9, {Sign.EARLY}),
        (click(), 2, {Sign.EARLY}),
        (click(), 1.9, {Sign.TOO_FAST}),
        (click(), -1, {Sign.TOO_FAST}),
        (click(method="HEAD"), None, {Sign.HEAD}),
        (click(agent=""), None, {Sign.NO_AGENT}),
        (click(agent="curl/8.5.0"), None, {Sign.SCRIPT}),
        (click(agent="python-requests/2.32"), None, {Sign.SCRIPT}),
        (click(agent="Go-http-client/2.0"), None, {Sign.SCRIPT}),
        (click(agent="Java/17.0.2"), None, {Sign.SCRIPT}),
        (click(agent="Mozilla/5.0 (compatible; Googlebot/2.1)"), None, {Sign.SCANNER}),
        (click(agent="Mozilla/5.0 (Mimecast URL Protect)"), None, {Sign.SCANNER}),
        (click(agent="Mozilla/5.0"), None, {Sign.ODD_AGENT}),
        (click(agent="Outlook-iOS/2.0"), None, {Sign.ODD_AGENT}),
        (Seen(OPEN, "GET", "Mozilla/5.0", AT), None, {Sign.PRIVACY_PROXY}),
        (Seen(OPEN, "GET", "Outlook-iOS/2.0", AT), None, set()),
        (Seen(VIEW, "GET", FIREFOX, AT), None, set()),
    ],
)
def test_each_sign_of_one_event(seen: Seen, delivered: float | None, expected: set[Sign]) -> None:
    at = None if delivered is None else AT - timedelta(seconds=delivered)
    assert signs(judge([seen], at)[0]) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([click(1), click(2, 0.9)], [{Sign.PAIR}] * 2),
        ([click(1), click(2, 1.1)], [set()] * 2),
        ([click(1), click(1, 0.1), click(1, 0.2)], [set()] * 3),
        (
            [click(1), click(2, 1.1), click(3, 2)],
            [{Sign.BURST}, {Sign.BURST, Sign.PAIR}, {Sign.BURST, Sign.PAIR}],
        ),
        ([click(1), click(2, 1.1), click(3, 2.3)], [set()] * 3),
        (
            [click(3, 1.5), click(1), click(2, 1.1)],
            [{Sign.BURST, Sign.PAIR}, {Sign.BURST}, {Sign.BURST, Sign.PAIR}],
        ),
    ],
)
def test_links_followed_together(events: list[Seen], expected: list[set[Sign]]) -> None:
    found = judge(events, AT - timedelta(hours=1))
    assert [signs(one) - {Sign.TAINTED} for one in found] == expected


def test_the_agent_of_a_machine_taints_what_it_does_within_a_quarter_of_an_hour() -> None:
    scan = click(1, agent=FIREFOX, method="HEAD")
    found = judge([scan, click(1, 899), click(1, 901), click(1, 60, agent=EDGE)], AT - timedelta(hours=1))
    assert [signs(one) for one in found] == [{Sign.HEAD}, {Sign.TAINTED}, set(), set()]


def test_taint_does_not_run_on_from_one_to_the_next() -> None:
    events = [click(1, method="HEAD"), click(1, 800), click(1, 1600)]
    assert signs(judge(events, AT - timedelta(hours=1))[2]) == set()


def test_a_view_that_a_machines_click_led_to_is_the_machines() -> None:
    scan = click(1, method="HEAD")
    view, late = (Seen(VIEW, "GET", FIREFOX, AT + timedelta(seconds=s)) for s in (3, 11))
    found = judge([scan, view, late], AT - timedelta(hours=1))
    assert (found[1].is_machine, found[2].is_machine) == (True, False)
    assert found[1].reason == "came by a machine’s click"


@pytest.mark.parametrize(
    ("after", "agents", "machine"),
    [
        ([12], [FIREFOX], False),  # early alone
        ([12], ["Mozilla/5.0"], False),  # early with an odd agent
        ([1, 12], [FIREFOX, FIREFOX], True),  # the agent that came within a second comes again
        ([1, 12], [FIREFOX, EDGE], False),  # somebody else comes after the scanner
        ([1, 300], [FIREFOX, FIREFOX], False),  # a person with the agent that the scanner borrowed
    ],
)
def test_weak_signs_convict_only_together(after: list[float], agents: list[str], machine: bool) -> None:
    events = [click(1, seconds, agent) for seconds, agent in zip(after, agents, strict=True)]
    assert judge(events, AT)[-1].is_machine is machine


def test_two_links_at_once_right_after_delivery_are_a_machines() -> None:
    assert all(one.is_machine for one in judge([click(1, 9), click(2, 9.5)], AT))


def test_what_is_stored_names_every_sign_with_its_weight_and_the_reason_is_the_heaviest() -> None:
    found = judge([click(1, 1, agent="curl/8")], AT)[0]
    assert found.signals == [["script", 100], ["too_fast", 100]]
    assert (found.score, found.reason) == (200, "a script’s agent")
    person = judge([click(1, 10)], AT)[0]
    assert (person.signals, person.score, person.reason) == ([["early", 40]], 40, None)


def test_no_rule_can_see_the_version_of_a_test() -> None:
    assert {item.name for item in fields(Seen)} == {"kind", "method", "agent", "at", "number"}


def test_codes_are_told_apart_and_fit_their_columns() -> None:
    assert len({sign.code for sign in Sign}) == len(Sign)
    assert all(0 < sign.weight <= MACHINE and len(sign.words) <= 80 for sign in Sign)


_EVENTS = st.lists(
    st.builds(
        click,
        st.integers(1, 4),
        st.integers(0, 300).map(lambda tenths: tenths / 10),
        st.sampled_from([FIREFOX, EDGE, "curl/8"]),
        st.sampled_from(["GET", "HEAD"]),
    ),
    max_size=12,
    unique_by=lambda seen: (seen.at, seen.number, seen.agent, seen.method),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no fault
@given(_EVENTS)
def test_a_burst_is_what_a_plain_reading_of_the_rule_says(events: list[Seen]) -> None:
    def is_burst(seen: Seen) -> bool:
        for first in events:
            inside = [e for e in events if timedelta() <= e.at - first.at <= timedelta(seconds=2)]
            if seen in inside and len({e.number for e in inside}) >= 3:
                return True
        return False

    found = judge(events, AT - timedelta(hours=1))
    assert [Sign.BURST in one.signs for one in found] == [is_burst(seen) for seen in events]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no fault
@given(_EVENTS)
def test_events_far_apart_do_not_change_each_other(events: list[Seen]) -> None:
    later = [Seen(e.kind, e.method, e.agent, e.at + timedelta(minutes=20), e.number) for e in events]
    alone = judge(events, AT - timedelta(hours=1))
    together = judge([*events, *later], AT - timedelta(hours=1))
    assert [one.signs for one in together[: len(events)]] == [one.signs for one in alone]
    assert [one.signs for one in together[len(events) :]] == [one.signs for one in alone]
