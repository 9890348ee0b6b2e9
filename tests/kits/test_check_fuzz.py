"""Whatever is in a kit, the check answers with findings or passes: it never fails, and it never takes long."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.kits.check import check_files
from app.kits.findings import RULES, excerpt
from tests.kits.small import MAIL, PAGE, PLAY, POST, TOML, small

SMALL = {name: data.decode("utf-8", "replace") for name, data in small().items()}
PIECES = [
    "<", ">", "</", "/>", "<mj-text>", "</mj-text>", "<mj-section>", "<mj-column", "</mjml>", "<!--", "-->", "<![CDATA[", "]]>",
    "<!--[if mso]>", "<![endif]-->", "{{", "}}", "{%", "%}", "{#", "#}", "{{ slot.headline }}", "{{ slot.photo.url }}",
    "{% if slot.photo %}", "{% else %}", "{% endif %}", "{% for x in slot.points %}", "{% endfor %}", "{% raw %}", "{% endraw %}",
    "{{- ", " -}}", '"', "'", "=", "&", "&#0;", "&#xD800;", "\0", "\ue000", "\ue001", "\ufeff", "\u202e", "\r\n", "\n", "\t", "[", "]", "[[", "]]",
    "slots", "slots[0]", '"""', "'''", "\\", "\\u00e9", "\\uD800", "1e999", "9" * 30, "nan", "1979-05-27T07:32:00Z", "07:32:00", "true", "#",
    "{ a = 1 }", "[1, 2", "a.b.c = 1", '"a b" = 1', "style=", "color:rgb(1,2", "url(", "font-size:..px", "@media (prefers-color-scheme: dark){",
    "<style>", "<script>", "javascript:", "mj-class=", "color=", "href=", "src=", "<p", "<h1>", "</h1>", "tlat0z", "*|X|*", "😀", "é", " ", "",
]  # fmt: skip
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from(PIECES) | st.text(max_size=8)),
    min_size=1,
    max_size=12,
)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    """The text with pieces put in, each instead of some characters."""
    for share, gone, piece in edits:
        at = int(share * len(text))
        text = text[:at] + piece + text[at + gone :]
    return text


def checked(files: dict[str, bytes]) -> None:
    """The check answers within a second, and every finding can be shown."""
    begun = time.process_time()
    _, found = check_files(files)
    assert time.process_time() - begun < 5
    for one in found:
        assert one.rule in RULES
        assert one.line >= 1
        assert one.message
        text, caret = excerpt(files, one)
        assert 0 <= caret <= len(text)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([MAIL, TOML, PAGE, POST, PLAY]), EDITS)
@example(MAIL, [(0.0, 100_000, "")])
@example(TOML, [(0.0, 100_000, "a = " + "[" * 5_000)])
@example(TOML, [(0.0, 0, "x = " + "9" * 5_000 + "\n")])
@example(MAIL, [(0.5, 0, "<mj-section>" * 3_000)])
@example(MAIL, [(0.5, 0, "{% if slot.photo %}" * 300)])
@example(MAIL, [(0.5, 0, "<b>" * 5_000)])
@example(PAGE, [(0.5, 0, "<div>" * 5_000)])
def test_a_broken_kit_gets_findings(file: str, edits: list[tuple[float, int, str]]) -> None:
    checked({**small(), file: edited(SMALL[file], edits).encode("utf-8", "surrogatepass")})


@settings(max_examples=10, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([MAIL, TOML, PAGE, "assets/hero.png", "documents/flyer.pdf"]), st.binary(max_size=200)
    )
)
def test_files_of_any_bytes_get_findings(files: dict[str, bytes]) -> None:
    checked({**small(), **files})


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([MAIL, TOML, PAGE, POST, PLAY, "emails/two.mjml"]), EDITS, min_size=1, max_size=3
    )
)
def test_many_broken_kits_get_findings(broken: dict[str, list[tuple[float, int, str]]]) -> None:
    changed = {
        file: edited(SMALL[file], edits).encode("utf-8", "surrogatepass") for file, edits in broken.items()
    }
    checked({**small(), **changed})
