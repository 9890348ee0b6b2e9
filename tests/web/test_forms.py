"""Fields read what people type, and say what is wrong in one line with the mend."""

from datetime import date, time
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import IntegerField, SelectField, StringField

from app.money import Money
from app.web.forms import DateField, FileField, MoneyField, PublicForm, Required, Short, TimeField, stripped
from app.web.paging import Page, offset_of, wanted


class Ask(PublicForm):
    name = StringField("Name", [Required("Write a name."), Short(10)], filters=[stripped])
    amount = MoneyField("Amount", [Required("Say how much.")], currency="SEK")
    day = DateField("Day")
    at = TimeField("At")
    kind = SelectField("Kind", choices={"a": "A"})
    people = IntegerField("People")


GOOD = {"name": "Calls", "amount": "1,200.50", "day": "2026-05-19", "at": "09:30", "kind": "a", "people": "3"}


def _ask(**changes: str) -> Ask:
    form = Ask(MultiDict({**GOOD, **changes}))
    form.validate()
    return form


def test_good_input_becomes_values() -> None:
    form = _ask()
    assert form.errors == {}
    assert form.amount.data == Money(120_050, "SEK")
    assert (form.day.data, form.at.data) == (date(2026, 5, 19), time(9, 30))


def test_zero_is_an_amount_and_not_nothing() -> None:
    assert _ask(amount="0").errors == {}


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "  ", "Write a name."),
        ("name", "far too long a name", "10 characters at most."),
        ("amount", "", "Say how much."),
        ("amount", "12,5,0", "Write the amount in digits, such as 1,200.00."),
        ("day", "19 May", "Write the date as year, month, day: 2026-05-19."),
        ("at", "half ten", "Write the time as hours and minutes: 09:30."),
        ("kind", "z", "Choose one of these."),
        ("people", "few", "Write a whole number."),
    ],
)
def test_each_error_is_one_line_with_the_mend(field: str, typed: str, said: str) -> None:
    assert _ask(**{field: typed}).errors == {field: [said]}


def test_what_was_typed_stays_in_the_field() -> None:
    assert _ask(amount="12,5,0").amount._value() == "12,5,0"
    assert Ask(data={"amount": Money(120_050, "SEK")}).amount._value() == "1,200.50"


def test_refusals_of_an_operation_land_beside_their_fields() -> None:
    form = _ask()
    assert form.refuse({"amount": "SEK 3,400.00 is available."})
    assert form.amount.errors == ["SEK 3,400.00 is available."]
    assert not form.refuse({"elsewhere": "No field of this form."})


class Upload(PublicForm):
    file = FileField("List", [Required("Choose a file.")], kinds=(".csv", ".txt"), most=10)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.csv", b"a,b", None),
        ("LIST.CSV", b"a,b", None),
        ("list.exe", b"a,b", "list.exe isn’t one of .csv, .txt."),
        ("list.csv", b"a" * 11, "list.csv has 11\u00a0bytes. Send 10\u00a0bytes at most."),
        ("", b"", "Choose a file."),
    ],
)
def test_files_are_checked_by_ending_and_size(
    app: Flask, name: str, content: bytes, said: str | None
) -> None:
    form = Upload(MultiDict({"file": FileStorage(BytesIO(content), filename=name)}))
    form.validate()
    assert form.errors == ({"file": [said]} if said else {})


@pytest.mark.parametrize(
    ("raw", "number"), [(None, 1), ("", 1), ("0", 1), ("-3", 1), ("7", 7), ("x", 1), ("9" * 30, 1), ("²", 1)]
)
def test_nonsense_asks_for_the_first_page(raw: str | None, number: int) -> None:
    assert wanted(raw) == number


def test_pages_know_where_they_lie() -> None:
    page = Page(items=[1, 2, 3], offset=offset_of(99, 10, 23), size=10, total=23)
    assert (page.first, page.last, page.number, page.pages, page.previous, page.next) == (
        21,
        23,
        3,
        3,
        2,
        None,
    )
    nothing: Page[int] = Page(items=[], offset=offset_of(5, 10, 0), size=10, total=0)
    assert (nothing.first, nothing.last, nothing.number, nothing.pages, nothing.next) == (0, 0, 1, 1, None)
