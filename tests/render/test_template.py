"""A template may name what is declared, and nothing else: neither by syntax nor through a value."""

import datetime as dt

import pytest
from markupsafe import Markup

from app.render.context import ImageValue, Missing, Names
from app.render.errors import RenderError
from app.render.places import Places
from app.render.template import Data, inspect, render
from tests.render.cast import PARTNER, VENDOR

NAMES = Names(
    {
        "words": "text",
        "rich": "rich",
        "site": "url",
        "tone": "colour",
        "points": "list",
        "photo": "image",
        "until": "date",
    }
)
VALUES: dict[str, object] = {
    "words": "<b>&\"'{{7*7}}", "rich": Markup("<p>Rich</p>"), "site": "https://a.example/?x=1&y=2", "tone": "#15324b",
    "points": ("one", "<two>"), "photo": ImageValue("https://a.example/p.jpg", 'A "view"', 1200, 675), "until": dt.date(2026, 6, 12),
}  # fmt: skip

PAYLOADS = """
{{ 7*7 }}
{{ 7*'7' }}
{{ config }}
{{ self }}
{{ request }}
{{ g }}
{{ session }}
{{ url_for }}
{{ range(9) }}
{{ lipsum }}
{{ cycler }}
{{ joiner() }}
{{ namespace() }}
{{ dict(a=1) }}
{{ ''.__class__ }}
{{ ''.__class__.__mro__[1].__subclasses__() }}
{{ slot.__class__ }}
{{ slot.words.__class__ }}
{{ slot.words.format(x) }}
{{ slot.words.upper() }}
{{ slot['words'] }}
{{ slot["__init__"] }}
{{ slot|attr("words") }}
{{ slot.words|attr("__class__") }}
{{ slot.words|format("%s") }}
{{ slot.words|map("upper") }}
{{ slot.points|map(attribute="__class__")|list }}
{{ slot.words|safe }}
{{ slot.words|e }}
{{ slot.words|tojson }}
{{ slot.words|pprint }}
{{ slot.words|xmlattr }}
{{ slot.words|default(config) }}
{{ slot.words|truncate(slot.points) }}
{{ slot.words ~ slot.site }}
{{ slot.words + slot.site }}
{{ "a" * 100000000 }}
{{ 9**9**9 }}
{{ slot.words if slot.site else 1 }}
{{ [1,2,3] }}
{{ {"a": 1} }}
{{ (1,2) }}
{{ slot.words[0:3] }}
{{ slot.words is defined }}
{{ slot }}
{{ partner }}
{{ vendor.id }}
{{ partner.secret }}
{{ contact.phone }}
{{ contact.first_name|upper }}
{{ contact.first_name|default(partner.name) }}
{{ contact }}
{{ link.admin }}
{{ _text }}
{{ slot.words|_text("en") }}
{{ slot.words|_url("en","x") }}
{{ loop.index }}
{{ loop._iterator }}
{{ caller() }}
{% set x = 1 %}
{% set x %}a{% endset %}
{% macro m() %}{% endmacro %}
{% include "kit.toml" %}
{% import "x" as y %}
{% from "x" import y %}
{% extends "x" %}
{% block b %}{% endblock %}
{% call m() %}{% endcall %}
{% filter upper %}a{% endfilter %}
{% with a=1 %}{% endwith %}
{% autoescape false %}{{ slot.words }}{% endautoescape %}
{% do 1 %}
{% for x in range(9) %}{% endfor %}
{% for x in slot.words %}{% endfor %}
{% for x in slot.points recursive %}{% endfor %}
{% for x in slot.points if x %}{% endfor %}
{% for _x in slot.points %}{% endfor %}
{% for slot in slot.points %}{% endfor %}
{% for x in slot.points %}{{ x.__class__ }}{% endfor %}
{% for x in slot.points %}{{ loop.__class__ }}{% endfor %}
{% for x in slot.points %}{{ loop.cycle("a") }}{% endfor %}
{% for a in slot.points %}{% for b in slot.points %}{% for c in slot.points %}{% endfor %}{% endfor %}{% endfor %}
{% if contact.email %}a{% endif %}
{% if contact.company == "x" %}a{% endif %}
{% if slot.words < 3 %}a{% endif %}
{% if slot.words in slot.points %}a{% endif %}
{% if slot.words.startswith("a") %}a{% endif %}
<{{ slot.words }}>
<p {{ slot.words }}>
<p {{ slot.words }}="a">
<p class={{ slot.words }}>
<a onclick="{{ slot.words }}">
<img srcset="{{ slot.site }}">
<script>{{ slot.words }}</script>
<!-- {{ slot.words }} -->
<a href="{{ slot.words }}">
<a href="https://a.example/{{ contact.email }}">
<a href="{{ contact.email }}">
<p style="color:{{ slot.words }}">
<p style="{{ contact.company }}">
<mj-style>{{ slot.words }}</mj-style>
<p title="{{ slot.rich }}">
<{% if slot.words %}script{% endif %}>
""".strip().split("\n")


def filled(source: str, **values: object) -> str:
    data = Data({**VALUES, **values}, PARTNER, VENDOR, {"why": "Because."})
    return render(source, NAMES, data, Places("tlmarkq"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_refused_with_its_line_and_a_mend(payload: str) -> None:
    template, problems = inspect(f"<p>fine</p>\n{payload}", NAMES)
    assert template is None
    assert problems[0].line == 2
    assert problems[0].message
    assert problems[0].mend


def test_there_are_at_least_fifty_payloads() -> None:
    assert len(set(PAYLOADS)) >= 50


def test_a_value_that_looks_like_a_template_stays_literal() -> None:
    assert filled("<p>{{ slot.words }}</p>") == "<p>&lt;b&gt;&amp;&#34;&#39;{{7*7}}</p>"


def test_each_value_is_escaped_for_where_it_stands() -> None:
    assert filled('<a href="{{ slot.site }}">') == '<a href="https://a.example/?x=1&amp;y=2">'
    assert filled('<a href="https://a.example/?q={{ slot.words }}">').endswith(
        '?q=%3Cb%3E%26%22%27%7B%7B7%2A7%7D%7D">'
    )
    assert filled('<img src="{{ slot.photo.url }}" alt="{{ slot.photo.alt }}">').endswith(
        'alt="A &#34;view&#34;">'
    )
    assert filled('<a href="tel:{{ slot.words }}">', words="010 55-5 (x)<>") == '<a href="tel:010555">'
    assert filled("{{ slot.rich }}{{ slot.until }}") == "<p>Rich</p>12 June 2026"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a b", 'https://a"onx="']
)
def test_an_address_that_is_none_is_refused_when_it_is_filled_in(address: str) -> None:
    with pytest.raises(RenderError):
        filled('<a href="{{ slot.site }}">', site=address)


@pytest.mark.parametrize("colour", ["red;background:url(x)", "expression(alert(1))", "#fff}", "a\\62"])
def test_a_style_takes_plain_words_only(colour: str) -> None:
    with pytest.raises(RenderError):
        filled('<p style="color:{{ slot.tone }}">', tone=colour)


def test_lists_and_conditions_over_slots_work() -> None:
    source = "{% for p in slot.points %}{% if not loop.first %}, {% endif %}{{ p }}{% endfor %}{% if slot.tone == '#15324b' %}!{% endif %}"
    assert filled(source) == "one, &lt;two&gt;!"


def test_a_missing_slot_shows_as_a_mark_and_counts_as_false() -> None:
    gap = Missing("words", "the date")
    assert "the date is missing</mark>" in filled("{{ slot.words }}", words=gap)
    assert filled("{% if slot.words %}a{% else %}b{% endif %}", words=gap) == "b"


def test_contact_fields_and_links_become_sentinels_that_no_value_can_forge() -> None:
    out = filled('{{ contact.first_name | default("there") }} <a href="{{ link.unsubscribe }}">')
    assert out == 'tlmarkq0z <a href="tlmarkq1z">'


def test_a_result_beyond_the_limit_is_refused() -> None:
    with pytest.raises(RenderError, match="1 MB"):
        filled(
            "{% for p in slot.points %}{{ slot.words }}{% endfor %}",
            points=tuple("ab" * 25),
            words="x" * 30_000,
        )


def test_deep_nesting_is_refused_without_a_crash() -> None:
    template, problems = inspect("{{ " + "(" * 5000 + "slot.words" + ")" * 5000 + " }}", NAMES)
    assert template is None
    assert problems
