"""Places in kit.toml: of tables, keys and values, and of what stands inside a text value."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kits.locate import Lines

TEXT = '''# a kit
format = 1
owner.name = "x"      # dotted
[[slots]]
name = "one"  # [not a table]
choices = ["a", # one
  "b", { deep = 1, "w z" = [1, 2] }]
[slots.inner]
text = """
first {{ a }}
  second {{ b }}"""

[[slots]]
 name = 'two'
text = "caf\\u00e9 \\"{{ c }}\\" \\n{{ d }}"
[ pages . "form" ]
day = 2026-01-01
'''


@pytest.fixture(scope="module")
def lines() -> Lines:
    tomllib.loads(TEXT)
    return Lines(TEXT)


@pytest.mark.parametrize(
    ("address", "key", "where"),
    [
        ("", "format", (2, 1)), ("owner", "name", (3, 7)), ("", "owner", (3, 1)), ("slots[0]", "", (4, 1)), ("slots[0]", "name", (5, 1)),
        ("slots[0].choices[2]", "w z", (7, 20)), ("slots[0].inner", "text", (9, 1)), ("slots[1]", "", (13, 1)), ("slots[1]", "name", (14, 2)),
        ("pages.form", "day", (17, 1)), ("slots[1]", "absent", (13, 1)), ("nowhere", "absent", (0, 0)),
    ],
)  # fmt: skip
def test_a_key_is_found_else_its_table(lines: Lines, address: str, key: str, where: tuple[int, int]) -> None:
    assert lines.where(address, key) == where
    assert lines.of(address, key) == where[0]


@pytest.mark.parametrize(
    ("address", "key", "where"),
    [
        ("", "format", (2, 10)), ("slots[0]", "choices", (6, 11)), ("slots[0]", "choices[1]", (7, 3)), ("slots[0]", "choices[2]", (7, 8)),
        ("slots[1]", "name", (14, 9)), ("pages.form", "day", (17, 7)), ("slots[0]", "choices[9]", (6, 1)),
    ],
)  # fmt: skip
def test_a_value_is_found_else_its_key(lines: Lines, address: str, key: str, where: tuple[int, int]) -> None:
    assert lines.value(address, key) == where


@pytest.mark.parametrize(
    ("address", "inner", "found"),
    [
        ("slots[0].inner", (1, 10), "a }}"), ("slots[0].inner", (2, 13), "b }}"), ("slots[1]", (1, 10), "c }}"),
        ("slots[1]", (2, 4), "d }}"), ("slots[1]", (1, 1), "caf"), ("slots[1]", (9, 9), '"'),
    ],
)  # fmt: skip
def test_a_place_inside_a_text_is_found_through_escapes_and_lines(
    lines: Lines, address: str, inner: tuple[int, int], found: str
) -> None:
    line, column = lines.inside(address, "text", *inner)
    assert TEXT.split("\n")[line - 1][column - 1 :].startswith(found)


@given(st.text(alphabet="[]{}=\"'.,#a1 \n\\", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    lines = Lines(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for key in data:
        assert key == "" or lines.where("", key) != (0, 0)
