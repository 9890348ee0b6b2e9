"""Nothing that is typed becomes a template, markup, a style, an address or a header: hundreds of payloads, in kits and in every value.

In a kit a payload is refused with file, line and reason; as a value it stays to the letter wherever words can stand.
"""

import email
import email.policy
import re
from email.message import EmailMessage
from functools import cache

import lxml.html
import pytest
from markupsafe import Markup

from app.kits.check import check_files
from app.kits.findings import Severity
from app.render.context import ImageValue, Names, Partner, Vendor
from app.render.email import CompiledEmail, EmailSource, clean_field, compile_email, preview_html
from app.render.form import Consent, FieldType, FormField, FormSpec, NextStep, Thanks
from app.render.mime import MessageHeaders, Recipient, Tokens, build
from app.render.page import PageSource, compile_page
from app.render.post import render_words
from app.render.template import inspect
from tests.render.payloads import GADGETS, HOSTILE

NAMES = Names(
    {
        "words": "text", "rich": "rich", "site": "url", "tone": "colour", "points": "list", "photo": "image", "until": "date"
    }
)  # fmt: skip
VALUES = list(dict.fromkeys([*GADGETS[::3], *GADGETS[1::40], *HOSTILE]))
TOML = """format = 1
name = "Kit"
slug = "kit"
version = "1.0"
summary = "A kit."
[[slots]]
name = "words"
label = "Words"
default = "Words"
[[slots]]
name = "points"
type = "list"
label = "Points"
[[slots]]
name = "site"
type = "url"
label = "Site"
[[slots]]
name = "rich"
type = "rich"
label = "Rich"
[[emails]]
name = "mail"
title = "Mail"
file = "emails/mail.mjml"
subject = "{{ slot.words }}"
"""
MJML = """<mjml><mj-head><mj-style>.x { color: {{ slot.tone }}; }</mj-style></mj-head><mj-body><mj-section><mj-column>
<mj-text>1 {{ slot.words }} 2</mj-text>
<mj-text>3 {{ slot.lines | lines }} 4</mj-text>
<mj-text>{% for point in slot.points %}5 {{ point }} 6{% endfor %}</mj-text>
<mj-text>7 {{ partner.name }} 8 {{ vendor.name }} 9</mj-text>
<mj-text>10 {{ contact.first_name }} 11 {{ contact.company | default("-") }} 12</mj-text>
<mj-image src="https://example.com/x.png" alt="{{ slot.words }}" title="{{ contact.company }}" />
<mj-button href="https://example.com/?q={{ slot.words }}">Go</mj-button>
<mj-text><a href="tel:{{ slot.words }}">call</a> <a href="mailto:{{ slot.words }}">mail</a> <a href="{{ link.unsubscribe }}">out</a></mj-text>
<mj-text>{{ partner.postal_address }} {{ why }}</mj-text>
</mj-column></mj-section></mj-body></mjml>"""
FORM = FormSpec(
    (FormField("name", "Name"), FormField("email", "Email", FieldType.EMAIL, True)), (Consent("c", "1 {{ slot.words }} 2"),),
    "3 {{ slot.words }} 4", "5 {{ slot.words }} 6", "7 {{ slot.words }} 8", "9 {{ slot.words }} 10",
    Thanks("Thanks {{ submitted.name }} 1", "2 {{ submitted.name | first_word }} {{ slot.words }} 3", (NextStep("4", "{{ submitted.name }}"),)),
)  # fmt: skip
PLAIN = "Sanne"


def test_there_are_more_than_two_hundred_of_each() -> None:
    assert len(set(GADGETS)) >= 200
    assert len(set(VALUES)) >= 200


@pytest.mark.parametrize("payload", GADGETS)
def test_a_template_is_refused_with_line_reason_and_mend(payload: str) -> None:
    for markup in (True, False) if payload.startswith("{") else (True,):
        template, problems = inspect(f"fine\n{payload}", NAMES, markup=markup)
        assert template is None
        assert problems[0].line == 2
        assert problems[0].message
        assert problems[0].mend


def test_in_a_kit_it_is_an_error_with_its_file() -> None:
    for payload in GADGETS[::6]:
        mail = f"<mjml><mj-body><mj-section><mj-column>\n<mj-text>{payload}</mj-text></mj-column></mj-section></mj-body></mjml>"
        found = check_files({"kit.toml": TOML.encode(), "emails/mail.mjml": mail.encode()})[1]
        errors = [
            f
            for f in found
            if f.severity is Severity.ERROR and f.rule not in ("no-unsubscribe", "no-address")
        ]
        assert ("emails/mail.mjml", True) in {(f.file, f.line >= 1 and bool(f.message)) for f in errors}, (
            payload
        )


def letter(value: str) -> CompiledEmail:
    """A mail with this value in each of its slots and names."""
    slots: dict[str, object] = {
        "words": value, "lines": value, "points": (value, value), "tone": "#15324b", "photo": ImageValue(""), "rich": Markup("")
    }  # fmt: skip
    partner = Partner(value, value, f"1 {value} 2")
    source = EmailSource(
        MJML, "For {{ contact.first_name }}: {{ slot.words }}", "Pre {{ slot.words }} {{ partner.name }}"
    )
    return compile_email(source, slots, partner, Vendor(value), f"Because {value}")


def sent(value: str) -> EmailMessage:
    """The mail as this contact gets it."""
    head = MessageHeaders(value, "news@harbour.example", "https://go.example", "hello@harbour.example")
    person = Recipient(
        "s@vandijk.example",
        Tokens("C", "U", "M", "D"),
        {"first_name": value, "last_name": "W", "company": value},
    )
    parsed = email.message_from_bytes(
        build(letter(value), head).splice(person, "qp"), policy=email.policy.default
    )
    assert isinstance(parsed, EmailMessage)
    return parsed


def bare(text: str) -> str:
    """Words without spaces: where a mail breaks its lines is no change."""
    return re.sub(r"[\s\u034f\u200c\u00ad]+", "", text)


def skeleton(html: str) -> list[str]:
    """Every tag with the names of its attributes, and all that styles and addresses say, without what was filled in."""
    page = lxml.html.document_fromstring(html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    said = [
        (e.tag, sorted(e.attrib), e.get("style", "").replace("\n", ""), e.get("href", "").split(":")[0])
        for e in page.iter()
        if isinstance(e.tag, str)
    ]
    return [f"{entry}" for entry in said if entry[0] != "br"] + [t.text_content() for t in page.iter("style")]


def unseen(value: str) -> str:
    """The value as it may stand in a mail: nothing that no reader can see."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", value)


CALM = skeleton(preview_html(letter(PLAIN), {"first_name": PLAIN, "company": PLAIN}))
HEADERS = sorted(name.lower() for name in sent(PLAIN))


@pytest.mark.parametrize("payload", VALUES)
def test_as_a_value_it_stays_to_the_letter_in_html_text_subject_and_headers(payload: str) -> None:
    mail = sent(payload)
    assert sorted(name.lower() for name in mail) == HEADERS
    field = clean_field(payload)
    assert bare(str(mail["Subject"])) == bare(f"For {field}: {unseen(' '.join(payload.split()))}")
    assert bare(mail["To"].addresses[0].display_name) == bare(f"{clean_field(field + ' W')}")
    assert [a.addr_spec for a in mail["To"].addresses] == ["s@vandijk.example"]
    assert [a.addr_spec for a in mail["From"].addresses] == ["news@harbour.example"]
    html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
    assert skeleton(html.replace("https://go.example/u/U", "#unsubscribe")) == skeleton_of_sent()
    value = bare(payload)
    shown = bare(lxml.html.document_fromstring(html).text_content())
    for words in (shown, bare(text)):
        assert f"1{value}2" in words or "\x00" in payload
        assert f"3{value}4" in words or "\x00" in payload or len(payload.splitlines()) > 1
        assert f"10{bare(field)}11{bare(field) or '-'}12" in words


@cache
def skeleton_of_sent() -> list[str]:
    """The calm mail's skeleton, as sent."""
    html = sent(PLAIN).get_body(("html",)).get_content()  # type: ignore[union-attr]
    return skeleton(html.replace("https://go.example/u/U", "#unsubscribe"))


def test_a_page_and_its_thanks_keep_it_to_the_letter() -> None:
    source = PageSource("<section><h1>1 {{ slot.words }} 2</h1><img src='https://e.example/x.png' alt='{{ slot.words }}'>{{ form }}</section>", "T {{ slot.words }}", "D {{ partner.name }}")  # fmt: skip

    def drawn(value: str) -> tuple[str, str]:
        page = compile_page(
            source, {"words": value}, Partner(value, value, value), Vendor(value, value), FORM
        )
        return page.render(
            "/p", values={"name": value, "email": value}, errors={"email": "No."}
        ), page.thanks({"name": value, "email": value})

    calm = [skeleton(html) for html in drawn(PLAIN)]
    for payload in VALUES[::3]:
        page, thanks = drawn(payload)
        assert [skeleton(page), skeleton(thanks)] == calm, payload
        shown = bare(lxml.html.document_fromstring(page).text_content())
        assert f"1{bare(payload)}2" in shown or "\x00" in payload, payload
        assert (
            lxml.html.document_fromstring(page).xpath("//input[@name='name']/@value")[0].strip()
            == unseen(payload).strip()
            or not payload.isprintable()
        )


def test_posts_and_playbooks_keep_it_to_the_letter() -> None:
    for payload in VALUES:
        words = render_words(
            "1 {{ slot.words }} 2 {{ partner.name }} 3",
            {"words": payload},
            Partner(payload),
            Vendor("V"),
            "https://p.example",
        )
        assert words == f"1 {payload} 2 {payload} 3"
