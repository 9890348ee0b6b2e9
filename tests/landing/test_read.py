"""What people send is held against the form that the page declared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.landing.read import kept_source, read
from app.render.form import Consent, FieldType, FormField, FormSpec

FORM = FormSpec(
    fields=(
        FormField("name", "Your name", required=True, max_length=40),
        FormField("email", "Work email", FieldType.EMAIL, required=True),
        FormField("phone", "Phone", FieldType.TEL),
        FormField("size", "Company size", FieldType.SELECT, options=("1–20", "21–250")),
        FormField("seats", "Seats", FieldType.NUMBER),
        FormField("note", "Note", FieldType.TEXTAREA, max_length=500),
    ),
    consents=(
        Consent("consent", "You may call me.", required=True),
        Consent("marketing", "You may write to me."),
    ),
)
GOOD = {"name": "Sanne Willems", "email": "S.Willems@VanDijk.example", "consent": "on"}


def wrong(**changes: str) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read(FORM, {**GOOD, **changes})
    return caught.value.fields


def test_a_good_form_gives_clean_answers() -> None:
    answers = read(FORM, {**GOOD, "note": " two\r\nlines ", "size": "21–250"})
    assert answers.email == "s.willems@vandijk.example"
    assert answers.fields["note"] == "two\nlines"
    assert answers.consents == {"consent": True, "marketing": False}
    assert not answers.trapped


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c.example"}, "email"),
        ({"size": "9000"}, "size"),
        ({"seats": "many"}, "seats"),
        ({"phone": "010\n555"}, "phone"),
        ({"consent": ""}, "consent"),
    ],
)
def test_each_wrong_answer_is_named_beside_its_field(changes: dict[str, str], field: str) -> None:
    assert list(wrong(**changes)) == [field]


def test_a_field_the_form_does_not_have_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        read(FORM, {**GOOD, "partner_id": "7"})
    assert caught.value.fields == {}


def test_utm_parameters_and_our_own_hidden_fields_pass() -> None:
    assert read(FORM, {**GOOD, "utm_source": "mail", "form_token": "x", "t": "y"}).email


def test_the_field_people_do_not_see_marks_a_robot() -> None:
    assert read(FORM, {**GOOD, "website": "https://spam.example"}).trapped


def test_only_utm_parameters_are_kept_from_an_address_and_they_are_cut() -> None:
    assert kept_source({"utm_source": "x" * 500, "token": "secret"}) == {"utm_source": "x" * 120}


@given(st.text(max_size=60))
def test_no_control_character_survives(name: str) -> None:
    try:
        cleaned = read(FORM, {**GOOD, "name": name}).fields["name"]
    except Invalid:
        return
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)
