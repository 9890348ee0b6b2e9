"""One message per recipient is spliced from bytes, and Python's own parser reads back exactly what was meant."""

import email
import email.policy
from email.message import EmailMessage
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.delivery.dialogue import stuff
from app.render.email import clean_field
from app.render.errors import SpliceError
from app.render.mime import Form, MessageHeaders, Segments, Tokens, build
from tests.render.cast import compiled, recipient, segments

FORMS: tuple[Form, ...] = ("8bit", "qp")
HOSTILE = [
    "=?utf-8?q?evil?=", 'Quo"te', "back\\slash", "{{7*7}}", "{% raw %}", "a\r\nBcc: evil@example.com", "a\nb\x00c", "x" * 500,
    "😀👩‍🚀", "שלום עולם", "مرحبا", "Ünï", "<script>alert(1)</script>", "a' onload='x", "O’Brien, Jr.", "=3D=", ".", "..", "\u202egnp",
    "🎉" * 300, "&amp;", "--", "name@evil.example", "(comment)", "tl0123q0z", "\ud800",
]  # fmt: skip


def parsed(message: bytes) -> EmailMessage:
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name: str, form: Form) -> None:
    raw = segments().splice(recipient(name), form)
    message = parsed(raw)
    said = clean_field(name).encode("utf-8", "replace").decode()
    assert not message.defects
    assert all(not part.defects for part in message.walk())
    assert set(message.keys()) == set(parsed(segments().splice(recipient(), form)).keys())
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "s@vandijk.example"
    assert " ".join(message["Subject"].split()) == " ".join(f"For {said or 'you'}".split())
    assert "<script>alert" not in content(message, "html")
    if len(said) < 40:
        assert f"Hello {said or 'there'} of" in " ".join(content(message, "plain").split("\n"))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_name_and_company_parse_to_the_same_in_both_forms(name: str, company: str) -> None:
    one, two = (parsed(segments().splice(recipient(name, company=company), form)) for form in FORMS)
    assert one.keys() == two.keys()
    assert str(one["Subject"]) == str(two["Subject"])
    assert content(one, "html") == content(two, "html")
    assert content(one, "plain") == content(two, "plain")


def test_the_quoted_printable_form_is_seven_bit_in_lines_of_76() -> None:
    raw = segments(compiled(words="Žluťoučký kůň " * 60)).splice(recipient("🎉" * 40), "qp")
    assert raw.isascii()
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))


def test_the_headers_are_what_bulk_mail_needs_each_once() -> None:
    message = parsed(segments().splice(recipient()))
    assert message["List-Unsubscribe"] == "<https://go.example/u/UNSUBtoken>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == "<MSGID@harbour-it.example>"
    assert message["X-Throughline-Delivery"] == "DELIVERY"
    assert message["Feedback-ID"] == "c:p:t"
    assert message["Reply-To"] == "hello@harbour-it.example"
    assert message["From"].addresses[0].display_name == "Harbour IT"
    assert message["Date"].datetime.tzinfo is not None
    assert all(len(message.get_all(name) or []) == 1 for name in message.keys())  # noqa: SIM118


def test_links_carry_the_token_and_their_number() -> None:
    message = parsed(segments().splice(recipient(), "qp"))
    for kind in ("plain", "html"):
        assert "https://go.example/c/CLICKtoken/1" in content(message, kind)
        assert "https://go.example/c/CLICKtoken/2" in content(message, kind)
        assert "https://go.example/u/UNSUBtoken" in content(message, kind)


@pytest.mark.parametrize("form", FORMS)
def test_there_is_a_pixel_only_with_the_recipients_consent(form: Form) -> None:
    without = content(parsed(segments().splice(recipient(), form)), "html")
    assert "/o/" not in without
    tokens = Tokens("C", "U", "M", "D", open="OPEN")
    assert 'src="https://go.example/o/OPEN.gif"' in content(
        parsed(segments().splice(recipient(tokens=tokens), form)), "html"
    )


def test_an_empty_field_falls_back_to_its_default() -> None:
    message = parsed(segments().splice(recipient("")))
    assert "Hello there of Van Dijk" in content(message, "plain")
    assert message["Subject"] == "For you"


def test_an_address_that_could_break_the_header_is_refused() -> None:
    for bad in (
        "a@b.example\r\nBcc: x@y.example",
        "a b@c.example",
        "<a@b.example>",
        "",
        "a@b,c@d",
        "a@ü.example",
        "a\u202eb@c.example",
        "a\x85b@c.example",
    ):
        with pytest.raises(SpliceError):
            segments().splice(recipient(email=bad))


def test_an_address_in_other_letters_stands_as_it_is() -> None:
    assert "müller@b.example" in segments().splice(recipient(email="müller@b.example")).decode()


@pytest.mark.parametrize("name", [".dot", "x\n.dot", "..", "Anna"])
@pytest.mark.parametrize("form", ["8bit", "qp"])
def test_dots_doubled_piece_by_piece_are_those_of_the_whole(name: str, form: Form) -> None:
    message, stuffed = segments().written(recipient(name), form)
    assert stuffed is None or stuffed == stuff(message)


@pytest.mark.parametrize("field", ["public_url", "feedback_id", "message_domain"])
def test_a_header_of_ours_with_a_line_break_is_refused(field: str) -> None:
    given = {
        "from_name": "H",
        "from_address": "a@b.example",
        "public_url": "https://go.example",
        field: "x\r\nBcc: y",
    }
    with pytest.raises(ValueError, match="one line"):
        build(compiled(), MessageHeaders(**given))


def test_segments_survive_storing_without_pickle() -> None:
    kept = Segments.from_bytes(segments().to_bytes())
    assert kept.splice(recipient()).split(b"Date:")[0] == segments().splice(recipient()).split(b"Date:")[0]
    assert kept.to_bytes() == segments().to_bytes()
    with pytest.raises(ValueError, match="no segments"):
        Segments.from_bytes(b"\x80\x04pickle")


def test_neither_the_email_package_nor_a_template_engine_runs_per_recipient() -> None:
    ready = segments()
    with (
        mock.patch("email.message.Message.__init__", side_effect=AssertionError("email.message was used")),
        mock.patch("jinja2.Environment.compile", side_effect=AssertionError("a template was compiled")),
        mock.patch("jinja2.Template.render", side_effect=AssertionError("a template was rendered")),
    ):
        assert ready.splice(recipient("Jürgen"), "qp")
