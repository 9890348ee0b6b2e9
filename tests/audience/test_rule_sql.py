"""Whatever the rules: the database selects exactly whom a plain reading of them selects, as a whole and window by window."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ContactList,
    Deed,
    Engagement,
    FieldKind,
    ListMember,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.people import People
from app.audience.rule_shapes import COMPARISONS, DEEDS, FIELD_COMPARISONS, Wants, wants
from app.audience.rules import About, Condition, Group, How, Join, Rules
from app.audience.suppress import address_hash, suppress
from app.db import db
from tests.audience import rule_judge
from tests.audience.rule_judge import Someone
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

AT = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
TEXTS = (
    "",
    "nl",
    "NL",
    "Zuid-Holland",
    "zuid holland",
    "100%",
    "a_b",
    "a!b",
    "Übung",
    "übung",
    'O"Neil',
    "0",
)
NAMES = {
    "text": 'the "best"\'s. $x',
    "choice": "Größe",
    "number": "Seats",
    "date": "renewal",
    "yes_no": "is.vip",
}
SHORT = {"country": 2, "language": 10}
COLUMNS = ("language", "region", "country", "time_zone", "company", "job_title", "first_name", "last_name", "phone")  # fmt: skip
VALUES: dict[str, tuple[Any, ...]] = {
    "text": (*TEXTS, 5, True, None),
    "choice": ("small", "Large", "", 3),
    "number": (0, 1, -2.5, 100, 3.0, "7", True, None),
    "date": ("2026-06-10", "2026-06-09", "2026-05-01", "2027-01-01", "", 5),
    "yes_no": (True, False, "true", 1, None),
}


def somebody(draw: Random) -> Someone:
    """A person of any kind, by the lot."""
    days = lambda: AT - timedelta(days=draw.choice((0, 1, 5, 30, 31, 400)), hours=draw.choice((0, 3)))  # noqa: E731
    return Someone(
        {name: draw.choice(TEXTS)[: SHORT.get(name)] for name in COLUMNS},
        draw.choice(("a.example", "b.example", "sub.a.example")),
        days(),
        {NAMES[kind]: draw.choice(values) for kind, values in VALUES.items() if draw.random() < 0.8},
        {str(number) for number in range(2) if draw.random() < 0.5},
        [
            {
                "purpose": draw.choice(("marketing", "tracking")),
                "basis": draw.choice(("express", "customer", "inquiry")),
                "source": draw.choice(TEXTS[1:]),
                "given_on": days().date(),
                "expires_on": draw.choice((None, AT.date(), date(2026, 6, 9), date(2026, 7, 1))),
                "withdrawn": draw.random() < 0.2,
            }
            for _ in range(draw.choice((0, 1, 2)))
        ],
        {
            (deed, campaign): (draw.choice((1, 2, 5)), days())
            for deed in rule_judge.DEEDS
            for campaign in (0, 7)
            if draw.random() < 0.4
        },
        draw.random() < 0.3,
    )


@pytest.fixture
def people(cast: Cast) -> dict[int, Someone]:
    """A hundred people by their ids, with two lists, and some of a rival's who must never be among them."""
    draw = Random(20_260_610)
    lists = [ContactList(partner_id=cast.harbour.id, name=f"L{number}") for number in range(2)]
    db.session.add_all(lists)
    db.session.flush()
    found = {}
    for number in range(110):
        who = somebody(draw)
        who.email = f"p{number}@{who.email}"
        partner = cast.harbour if number < 100 else cast.leuvelink
        row = Contact(
            partner_id=partner.id,
            email=who.email,
            address_hash=address_hash(who.email),
            fields=who.own,
            created_at=who.added,
            **who.texts,
        )
        db.session.add(row)
        db.session.flush()
        _tell(row, who, lists)
        who.lists = {str(lists[int(each)].id) for each in who.lists}
        if number < 100:
            found[row.id] = who
    db.session.commit()
    return found


def _tell(row: Contact, who: Someone, lists: list[ContactList]) -> None:
    mine = {"contact_id": row.id, "partner_id": row.partner_id}
    for each in who.lists:
        db.session.execute(insert(ListMember), [{**mine, "list_id": lists[int(each)].id}])
    for yes in who.yeses:
        db.session.add(
            Consent(
                **mine,
                purpose=ConsentPurpose(yes["purpose"]),
                basis=ConsentBasis(yes["basis"]),
                source=yes["source"],
                controller="x",
                method="x",
                given_on=yes["given_on"],
                expires_on=yes["expires_on"],
                withdrawn_at=AT if yes["withdrawn"] else None,
            )
        )
    for (deed, campaign), (times, last) in who.deeds.items():
        db.session.add(Engagement(**mine, deed=Deed(deed), campaign_id=campaign, times=times, last_at=last))
    if who.said_no:
        suppress(SuppressionScope.PARTNER, row.partner_id, row.address_hash, SuppressionReason.UNSUBSCRIBE)


_DAYS = st.sampled_from((0.0, 1.0, 5.0, 30.0, 365.0))
_NUMBERS = st.sampled_from((0.0, 1.0, -2.5, 7.0, 50.0))
_BY_WANTS = {
    Wants.NOTHING: st.none(),
    Wants.TEXT: st.sampled_from((*TEXTS[1:], "a.example", "a", "%", "_", "!")),
    Wants.TEXTS: st.lists(st.sampled_from(TEXTS[1:]), min_size=1, max_size=3).map(tuple),
    Wants.NUMBER: _NUMBERS,
    Wants.RANGE: st.tuples(_NUMBERS, _NUMBERS).map(lambda pair: tuple(sorted(pair))),
    Wants.DATE: st.sampled_from(("2026-06-10", "2026-06-09", "2026-05-11", "2025-01-01")),
    Wants.DAYS: _DAYS,
    Wants.TIMES: st.sampled_from((1.0, 2.0, 5.0)),
    Wants.LIST: st.sampled_from((("0",), ("1",))),
}


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    about = draw(st.sampled_from(tuple(COMPARISONS) + (About.FIELD,) * 5))
    kind = str(draw(st.sampled_from(tuple(FieldKind)))) if about is About.FIELD else ""
    how = draw(st.sampled_from(FIELD_COMPARISONS[FieldKind(kind)] if kind else COMPARISONS[about]))
    need = wants(about, how, kind)
    if need is Wants.CHOICE:
        value: Any = draw(
            st.sampled_from(("express", "customer") if about is About.BASIS else ("small", "Large"))
        )
    else:
        value = draw(_BY_WANTS[need])
    campaign = draw(st.sampled_from((0, 7, 8))) if about in DEEDS else 0
    return Condition(about, how, value, NAMES.get(kind, ""), kind, campaign)


_GROUPS = st.builds(
    lambda found, join: Group(tuple(found), join),
    st.lists(conditions(), max_size=4),
    st.sampled_from(tuple(Join)),
)
RULES = st.builds(
    lambda groups, join: Rules(tuple(groups), join),
    st.lists(_GROUPS, max_size=3),
    st.sampled_from((Join.ALL, Join.ANY)),
)


def test_the_database_selects_whom_a_plain_reading_selects(cast: Cast, people: dict[int, Someone]) -> None:
    lists = sorted({each for who in people.values() for each in who.lists})

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(RULES)
    def holds(drawn: Rules) -> None:
        rules = Rules.from_json(_with_lists(drawn, lists).to_json())
        expected = {own for own, who in people.items() if rule_judge.meets(rules, who, AT)}
        whom = People(rules=rules, as_of=AT)
        for those in (whom, whom.by_windows()):
            assert set(db.session.scalars(those.select(cast.harbour.id, Contact.id))) == expected, rules

    holds()


def _with_lists(rules: Rules, lists: list[str]) -> Rules:
    """The rules with the ids of the lists that there are."""

    def known(one: Condition) -> Condition:
        if one.about is not About.LIST or not isinstance(one.value, tuple):
            return one
        return replace(one, value=tuple(lists[int(each)] for each in one.value))

    groups = tuple(
        Group(tuple(known(each) for each in group.conditions), group.join) for group in rules.groups
    )
    return Rules(groups, rules.join)


@pytest.mark.parametrize("text", ["'; DROP TABLE contact; --", "%", "\\", "{}", ":x", "%(x)s", "[]"])
def test_a_value_is_only_ever_a_value(cast: Cast, people: dict[int, Someone], text: str) -> None:
    for how in (How.IS, How.CONTAINS, How.BEGINS):
        for one in (
            Condition(About.COMPANY, how, text),
            Condition(About.FIELD, how, text, text, "text"),
        ):
            rules = Rules((Group((one,)),))
            expected = {own for own, who in people.items() if rule_judge.meets(rules, who, AT)}
            whom = People(rules=rules, as_of=AT)
            assert set(db.session.scalars(whom.select(cast.harbour.id, Contact.id))) == expected
