"""Whatever passes a slot satisfies its limits, whatever is refused says why, and what is stored passes again unchanged."""

import datetime as dt
import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slot_markup import RICH_TAGS
from app.kits.slots import check_values, filled
from app.kits.text import is_blank, length

graphemes = pytest.importorskip("regex")
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\u200b\ufeff]")
PIECES = ["a", "e\u0301", " ", "\n", "\t", "\u202e", "\u200b", "\u200d", "👩", "🏽", "🇳🇱", "é", "<b>", "</b>", "<p>", "&lt;", "&", "{{ 7*7 }}",
          "<script>", '<a href="https://Ä.example/x y">', "</a>", "<ul><li>", "\ufeff", "ß", "\x00", "\ud800", "<!--", "한", "\u1112\u1161"]  # fmt: skip
typed = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join)
addresses = st.builds(
    lambda a, b, c, d: a + b + c + d,
    st.sampled_from(["https://", "HTTPS://", "http://", "", "javascript:", "//", "https://u@", "https:\\\\"]),
    st.sampled_from(
        [
            "a.example",
            "Ä.example",
            "A.EXAMPLE.",
            "10.0.0.1",
            "[::1]",
            "localhost",
            "xn--a.example",
            "a..b",
            "ﬁ.example",
        ]
    ),
    st.sampled_from(["", ":443", ":8443", ":", ":x"]),
    st.one_of(
        st.sampled_from(["", "/", "/é?ü=%zz#x", "/a'b", "/{{x}}"]), st.text(max_size=6).map("/".__add__)
    ),
)
odd = st.one_of(st.none(), st.integers(), st.booleans(), st.lists(st.one_of(st.integers(), typed), max_size=4),
                st.dictionaries(st.sampled_from(["url", "alt", "width", "height"]), st.one_of(typed, st.integers()), max_size=4))  # fmt: skip
dates = st.one_of(st.dates(), st.dates().map(str), st.sampled_from(["2026-W24-5", "20260612", "soon", ""]))
raw_values = st.one_of(typed, addresses, odd, dates, st.sampled_from(["#ABC", "15324b", "yes", " yes "]))
slots = st.builds(
    Slot,
    name=st.just("x"),
    type=st.sampled_from(SlotType),
    required=st.booleans(),
    max_length=st.integers(1, 30),
    multiline=st.booleans(),
    choices=st.just(("yes", "no")),
    earliest=st.one_of(st.none(), st.just(dt.date(2026, 1, 1))),
    latest=st.one_of(st.none(), st.just(dt.date(2027, 1, 1))),
    min_width=st.integers(0, 50),
    ratio=st.sampled_from(["", "16:9"]),
    max_items=st.integers(1, 3),
)


def picture(given: object) -> Any:
    """A library that believes whatever it is told: the slot's own limits are what is asked here."""
    return given


def bare(html: str) -> str:
    return str(Markup(html).striptags())


def fits(slot: Slot, value: Any) -> bool:
    """The limits once more, said another way."""
    match slot.type:
        case SlotType.TEXT:
            return plain(value, slot.max_length) and (slot.multiline or "\n" not in value)
        case SlotType.RICH:
            tags = set(re.findall(r"</?\s*([a-zA-Z0-9!-]+)", value))
            links = re.findall(r'href="([^"]*)"', value)
            return tags <= RICH_TAGS and length(bare(value)) <= slot.max_length and all(
                link.startswith(("https://", "mailto:", "tel:")) for link in links
            )  # fmt: skip
        case SlotType.URL:
            parts = urlsplit(value)
            return (
                value.isascii()
                and parts.scheme == "https"
                and "." in (parts.hostname or "")
                and "@" not in parts.netloc
            )
        case SlotType.COLOUR:
            return bool(re.fullmatch(r"#[0-9a-f]{6}", value))
        case SlotType.CHOICE:
            return value in slot.choices
        case SlotType.DATE:
            day = dt.date.fromisoformat(value)
            return (slot.earliest or day) <= day <= (slot.latest or day)
        case SlotType.LIST:
            return 0 < len(value) <= slot.max_items and all(
                plain(v, slot.max_length) and "\n" not in v for v in value
            )
        case SlotType.IMAGE:
            wide = not slot.ratio or abs(value["width"] / value["height"] / (16 / 9) - 1) <= 0.02
            return wide and value["width"] >= slot.min_width and plain(value["alt"], 200)


def plain(text: str, most: int) -> bool:
    return (
        not is_blank(text)
        and length(text) <= most
        and not TURNS.search(text)
        and unicodedata.is_normalized("NFC", text)
    )


@settings(max_examples=300, deadline=None)
@given(slots, raw_values)
@example(
    Slot("x", SlotType.RICH),
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
)
@example(Slot("x", SlotType.RICH, max_length=30), "<\u0338b>x &#x202e; </a href='https://x'>")
def test_what_passes_fits_and_what_does_not_says_why(slot: Slot, raw: object) -> None:
    kit = KitSource("K", "k", "1", slots=(slot,))
    values, errors = check_values(kit, {"x": raw}, picture)
    assert set(values) | set(errors) == {"x"}
    assert not set(values) & set(errors)
    for said in errors.values():
        assert re.fullmatch(r"[A-Z“][^\n]{10,400}\.", said), "a sentence for a person, in one line"
    for value in values.values():
        assert value is None or fits(slot, value)
        assert check_values(kit, {"x": value}, picture) == ({"x": value}, {}), (
            "what is stored passes again unchanged"
        )
        filled(kit, {"x": value})


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "é",
                "e\u0301",
                "👩",
                "🏽",
                "\u200d",
                "❤️",
                "🇳🇱",
                "🇧",
                "한",
                "\u1112\u1161\u11ab",
                "नि",
                "☕",
                "\ufe0f",
            ]
        ),
        max_size=8,
    )
)
def test_characters_are_counted_as_readers_count_them(parts: list[str]) -> None:
    text = "x" + "".join(parts)
    assert length(text) == len(graphemes.findall(r"\X", text))
