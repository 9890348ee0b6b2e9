"""Contrast by WCAG's formula, against its known values."""

import pytest

from app.assets.colors import clean_color, contrast, pairs
from app.errors import Invalid


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_has_the_published_values(first: str, second: str, ratio: float) -> None:
    assert contrast(first, second) == pytest.approx(ratio, abs=0.005)
    assert contrast(second, first) == contrast(first, second)


def test_pairs_tell_what_can_be_read() -> None:
    assert [pair.readable for pair in pairs("#15324b", "#f0c040")] == [False, True]


def test_colours_are_read_as_people_write_them() -> None:
    assert clean_color(" #15324B ") == "#15324b"
    assert clean_color("abc") == "#aabbcc"
    with pytest.raises(Invalid):
        clean_color("url(x)")
