"""A slot takes what its type and limits allow, the same for every way in."""

import datetime as dt

import pytest
from markupsafe import Markup

from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slots import SlotError, check_values, clean, filled, missing
from app.render.context import ImageValue, Missing

PICTURE = {"url": "https://m.example/a.jpg", "alt": "Four engineers", "width": 1600, "height": 900}


def slot(kind: SlotType, **limits: object) -> Slot:
    return Slot("x", kind, "X", **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "raw", "stored"),
    [
        (slot(SlotType.TEXT), "  a \n b\x00 ", "a b"),
        (slot(SlotType.TEXT, multiline=True), "a  b\r\nc", "a b\nc"),
        (slot(SlotType.TEXT), "   ", None),
        (
            slot(SlotType.RICH),
            '<p onclick="x">a<script>b</script></p><a name="x">c</a>',
            "<p>a</p><a>c</a>",
        ),
        (
            slot(SlotType.RICH),
            "Two\n\nparagraphs < & a\nbreak",
            "<p>Two</p><p>paragraphs &lt; &amp; a<br>break</p>",
        ),
        (slot(SlotType.RICH), "<p>a</p><p><br></p><p></p><p>b</p>", "<p>a</p><p>b</p>"),
        (slot(SlotType.RICH), "<p> &nbsp; </p><ul><li></li></ul>", None),
        (
            slot(SlotType.RICH),
            '<a href="https://Bücher.example/ä">x</a><a href="tel:+31 10 555">y</a>',
            '<a href="https://xn--bcher-kva.example/%C3%A4">x</a><a href="tel:+31%2010%20555">y</a>',
        ),
        (slot(SlotType.URL), "https://a.example/b?c=1", "https://a.example/b?c=1"),
        (
            slot(SlotType.URL),
            "Bücher.Example/straße?q=ä'",
            "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%A4%27",
        ),
        (slot(SlotType.URL), "https://A.example.:443/%zz%20", "https://a.example/%25zz%20"),
        (slot(SlotType.URL), "https://a.example:8443/#top", "https://a.example:8443/#top"),
        (slot(SlotType.TEXT), "a\u202eb\u200bc\u00ad", "abc"),
        (slot(SlotType.TEXT), "Cafe\u0301", "Café"),
        (slot(SlotType.TEXT), "\u200b\u3164\u2800", None),
        (slot(SlotType.TEXT, max_length=3), "👨‍👩‍👧🇳🇱e\u0301", "👨‍👩‍👧🇳🇱é"),
        (slot(SlotType.TEXT), "10\u00a0000", "10\u00a0000"),
        (slot(SlotType.TEXT, multiline=True), "a\n\n\n\nb", "a\n\nb"),
        (slot(SlotType.COLOUR), "ABC", "#aabbcc"),
        (slot(SlotType.COLOUR), "#15324B", "#15324b"),
        (slot(SlotType.CHOICE, choices=("a", "b")), "b", "b"),
        (slot(SlotType.DATE), "2026-06-12", "2026-06-12"),
        (slot(SlotType.DATE), dt.date(2026, 6, 12), "2026-06-12"),
        (slot(SlotType.LIST), "one\n\n two ", ["one", "two"]),
        (slot(SlotType.IMAGE, min_width=1200, ratio="16:9"), PICTURE, PICTURE),
    ],
)
def test_a_fitting_value_is_stored_clean(spec: Slot, raw: object, stored: object) -> None:
    assert clean(spec, raw) == stored


@pytest.mark.parametrize(
    ("spec", "raw", "said"),
    [
        (slot(SlotType.TEXT, max_length=3), "abcd", "4 characters"),
        (slot(SlotType.TEXT), {"a": 1}, "as text"),
        (slot(SlotType.RICH, max_length=3), "<p>abcd</p>", "4 characters"),
        (slot(SlotType.URL), "http://a.example", "https://"),
        (slot(SlotType.URL), "javascript:alert(1)", "https://"),
        (slot(SlotType.URL), "https://u:p@a.example", "password"),
        (slot(SlotType.URL), "https://192.168.0.1/admin", "web address"),
        (slot(SlotType.URL), "https://intranet/", "web address"),
        (slot(SlotType.URL), "https://a.example:99999/", "web address"),
        (slot(SlotType.URL), "https://a.example/" + "x" * 900, "900 or fewer"),
        (slot(SlotType.RICH), '<a href="javascript:x">c</a>', "link “javascript:x”"),
        (slot(SlotType.RICH), '<a href="http://a.example">c</a>', "https://"),
        (slot(SlotType.TEXT), "e" + chr(0x301) * 20, "piled"),
        (slot(SlotType.TEXT), "x" * 200_001, "far too long"),
        (slot(SlotType.LIST, max_length=2), ["abc"], "2 or fewer"),
        (slot(SlotType.URL), "https://[", "web address"),
        (slot(SlotType.COLOUR), "red;x", "#15324b"),
        (slot(SlotType.CHOICE, choices=("a", "b")), "c", "a, b"),
        (
            slot(SlotType.DATE, earliest=dt.date(2026, 5, 19), latest=dt.date(2026, 9, 30)),
            "2026-05-18",
            "between 19 May 2026",
        ),
        (slot(SlotType.DATE), "soon", "2026-06-12"),
        (slot(SlotType.LIST, max_items=1), "a\nb", "Keep 1"),
        (slot(SlotType.IMAGE), {**PICTURE, "alt": " "}, "Describe"),
        (slot(SlotType.IMAGE, min_width=2000), PICTURE, "1600 × 900"),
        (slot(SlotType.IMAGE, ratio="1:1"), PICTURE, "Crop"),
        (slot(SlotType.IMAGE), "https://m.example/a.jpg", "library"),
    ],
)
def test_a_value_beyond_the_limits_is_refused_with_the_mend(spec: Slot, raw: object, said: str) -> None:
    with pytest.raises(SlotError, match="(?s).*" + said):
        clean(spec, raw)


def test_filled_gives_templates_typed_values_and_marks_what_is_missing() -> None:
    slots = (
        Slot("day", SlotType.DATE, required=True), Slot("gap", required=True, missing="the date"), Slot("text", default="D"),
        Slot("rich", SlotType.RICH), Slot("photo", SlotType.IMAGE), Slot("list", SlotType.LIST),
    )  # fmt: skip
    kit = KitSource("K", "k", "1", slots=slots)
    values = filled(kit, {"day": "2026-06-12", "rich": "<b>x</b>", "photo": PICTURE})
    assert values["day"] == dt.date(2026, 6, 12)
    assert values["gap"] == Missing("gap", "the date")
    assert values["text"] == "D"
    assert isinstance(values["rich"], Markup)
    assert values["photo"] == ImageValue("https://m.example/a.jpg", "Four engineers", 1600, 900)
    assert values["list"] == ()
    assert [s.name for s in missing(kit, {"day": "2026-06-12"})] == ["gap"]


def test_a_picture_is_taken_from_a_library_alone() -> None:
    kit = KitSource("K", "k", "1", slots=(slot(SlotType.IMAGE),))
    assert check_values(kit, {"x": PICTURE})[1] == {"x": "Choose a picture from the library, or upload one."}
    assert check_values(kit, {"x": PICTURE}, lambda given: PICTURE) == ({"x": PICTURE}, {})
    assert check_values(kit, {"x": None}) == ({"x": None}, {})


def test_a_default_that_does_not_fit_its_own_slot_counts_as_none() -> None:
    kit = KitSource("K", "k", "1", slots=(Slot("x", SlotType.DATE, required=True, default="soon"),))
    assert filled(kit, {})["x"] == Missing("x", "“x”")
    assert [s.name for s in missing(kit, {})] == ["x"]


def test_a_name_that_is_no_slot_is_an_error() -> None:
    kit = KitSource("K", "k", "1", slots=(Slot("a"),))
    assert check_values(kit, {"a": "x", "locked": "y"}) == (
        {"a": "x"},
        {"locked": "This kit has no such field."},
    )
