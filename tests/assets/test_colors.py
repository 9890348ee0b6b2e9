"""Contrast by WCAG's formula, against its known values."""

import pytest

from app.assets.colors import chroma, clean_color, contrast, distance, lightness, mended, pairs
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


@pytest.mark.parametrize("color", ["#f0c040", "#ff3b30", "#00bcd4", "#ffffff", "#777777", "#00ff00"])
@pytest.mark.parametrize("ground", ["#ffffff", "#faf7f2", "#101418", "#15324b"])
def test_a_mended_colour_is_the_nearest_that_can_be_read(color: str, ground: str) -> None:
    found = mended(color, ground)
    assert contrast(found, ground) >= 4.5
    if contrast(color, ground) < 4.5:
        assert contrast(found, ground) < 4.7, "no further than needed"
    else:
        assert found == color
    assert mended(found, ground) == found


def test_a_mended_colour_keeps_its_hue() -> None:
    assert mended("#ff3b30") == "#e91d19"
    assert mended("#f0c040") == "#947200"


def test_distance_and_chroma_are_those_of_oklab() -> None:
    assert distance("#000000", "#ffffff") == pytest.approx(1.0, abs=0.001)
    assert chroma("#777777") == pytest.approx(0, abs=0.001)
    assert chroma("#ff0000") == pytest.approx(0.2577, abs=0.001)
    assert lightness("#ff0000") == pytest.approx(0.628, abs=0.001)
