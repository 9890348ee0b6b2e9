"""Templates as they lie about: odd encodings, old versions, other systems' placeholders. Each becomes a kit, or is refused with its line."""

import pytest

from app.kits.archive import KitError
from app.kits.format import survey
from app.kits.mjml_import import import_mjml
from app.kits.proofs import render_proofs

TEXT = "<mj-text>Hello there, this is a template.</mj-text>"


def wrapped(part: str, head: str = "") -> str:
    """A template with this in its column."""
    return f"<mjml>{head}<mj-body><mj-section><mj-column>{part}</mj-column></mj-section></mj-body></mjml>"


def made(data: bytes | str) -> tuple[str, str, str, str]:
    """MJML, notes, HTML and text of the kit a template becomes; it has no errors and can be rendered."""
    files, notes = import_mjml(data.encode() if isinstance(data, str) else data, "odd")
    kit, _ = survey(files)  # whose check found no errors, or it would have been refused
    assert kit is not None
    proofs = render_proofs(kit)
    html, text = proofs["email-mail.html"].decode(), proofs["email-mail.txt"].decode()
    assert "Unsubscribe with one click" in text
    return files["emails/odd.mjml"].decode(), "\n".join(n.text for n in notes), html, text


UNUSUAL = {
    "no head": wrapped(TEXT),
    "an empty head": wrapped(TEXT, "<mj-head></mj-head>"),
    "a self-closed head": wrapped(TEXT, "<mj-head/>"),
    "comments with tags": wrapped(f"<!-- <mj-text>no {{{{x}}}} --> {TEXT} <!-- </mj-column> -->"),
    "a comment that names the body": f"<!-- <mj-body> -->{wrapped(TEXT)}",
    "CDATA": wrapped("<mj-text><![CDATA[Hello <b>there</b>, this is a template.]]></mj-text>"),
    "capitals": wrapped(TEXT).replace("mj", "MJ").replace("MJml", "MJML"),
    "capitals in attributes": wrapped(TEXT.replace("<mj-text", '<mj-text Font-Size="20px" COLOR="#111111"')),
    "entities": wrapped("<mj-text>Hello&nbsp;there,&#160;this is a template. &copy; &eacute;</mj-text>"),
    "a byte order mark": b"\xef\xbb\xbf" + wrapped(TEXT).encode(),
    "UTF-16": wrapped(TEXT).encode("utf-16"),
    "lines that end as on Windows": wrapped(TEXT).replace("><", ">\r\n<"),
    "lines that end as on old Macs": wrapped(TEXT).replace("><", ">\r<"),
    "values without quotes": wrapped(TEXT.replace("<mj-text", "<mj-text color=#111111 font-size=20px")),
    "values in single quotes": wrapped(TEXT.replace("<mj-text", "<mj-text color='#111111' font-family='\"Arial\"'")),
    "an attribute twice": wrapped(TEXT.replace("<mj-text", '<mj-text color="#111111" color="#222222"')),
    "attributes that don't exist": wrapped(TEXT.replace("<mj-text", '<mj-text colour="red" data-x="1"')),
    "components that don't exist": wrapped(f"<mj-chart>1</mj-chart>{TEXT}"),
    "a component where it can't stand": wrapped(f"{TEXT}<mj-section></mj-section>"),
    "words outside of components": wrapped(f"bare words {TEXT} more"),
    "HTML outside of components": wrapped(f"<p>HTML</p>{TEXT}<br>"),
    "an include": wrapped(f'<mj-include path="./header.mjml" />{TEXT}'),
    "an include with an end": wrapped(f'<mj-include path="./header.mjml"></mj-include>{TEXT}'),
    "an XML declaration": f'<?xml version="1.0"?>\n<!DOCTYPE mjml>\n{wrapped(TEXT)}',
    "a body alone": f"<mj-body><mj-section><mj-column>{TEXT}</mj-column></mj-section></mj-body>",
    "version 3": wrapped(TEXT).replace("<mj-body>", '<mj-body><mj-container width="500">').replace("</mj-body>", "</mj-container></mj-body>"),
    "empty components": wrapped(f"<mj-text></mj-text><mj-text />{TEXT}<mj-raw/>"),
    "raw HTML": wrapped(f"<mj-raw><tr><td>raw</td></tr></mj-raw>{TEXT}"),
    "file-start": wrapped(TEXT).replace("<mj-body>", '<mj-raw position="file-start"><!-- x --></mj-raw><mj-body>'),
    "html attributes": wrapped(TEXT, '<mj-head><mj-html-attributes><mj-selector path="div"><mj-html-attribute name="data-x">1</mj-html-attribute></mj-selector></mj-html-attributes></mj-head>'),
    "scripts, frames and handlers": wrapped(f'<mj-raw><script>x()</script><iframe src="//a"></iframe></mj-raw>{TEXT}<mj-text><p onclick="x()" onmouseover=y()>a</p></mj-text>'),
    "addresses that run": wrapped(f'<mj-button href="javascript:x()">Go</mj-button>{TEXT}'),
    "emoji and far letters": wrapped(f"{TEXT}<mj-text>🎉 Привет 你好 שלום</mj-text>"),
    "a picture that names no file": wrapped(f'{TEXT}<mj-image src="logo.png" />'),
    "a picture without source": wrapped(f"{TEXT}<mj-image />"),
}  # fmt: skip


@pytest.mark.parametrize("data", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_template_becomes_a_kit_without_errors(data: bytes | str) -> None:
    _, _, html, text = made(data)
    assert "this is a template." in text
    assert "<script" not in html
    assert "javascript:" not in html


def test_what_is_taken_out_is_listed() -> None:
    parts = {
        '<mj-text colour="red">a</mj-text>': "has no attribute colour=“red”",
        "<mj-chart>Sales</mj-chart>": "<mj-chart> is no MJML component. It was removed, with its words “Sales”.",
        '<mj-include path="./a.mjml" />': "<mj-include> can’t be part of a kit",
        '<mj-button href="javascript:x()">Go</mj-button>': "is no address a mail may link to",
        '<mj-text><p onclick="x()">a</p></mj-text>': "“onclick” would run a script",
    }
    notes = made(wrapped(TEXT + "".join(parts)))[1]
    assert [said for said in parts.values() if said not in notes] == []


PLACEHOLDERS = [
    "{{Company}}", "{{ user.name | upcase }}", "{{{html}}}", "{{#if x}}", "{{/if}}", "{{> partial}}", "*|MERGE|*",
    "*|IF:NAME=x|*", "%%x%%", "${x}", "#{x}", "[[x]]", "<%= x %>", "@@x@@", "{$x}", "{name}", "{% if x %}", "{% endif %}",
    "{# note #}", "{{ slot.nothing }}", "{{ 7*7 }}",
]  # fmt: skip


def test_another_systems_placeholder_stays_to_the_letter() -> None:
    rows = "".join(
        f"<mj-text>Row {at} {placeholder} end</mj-text>" for at, placeholder in enumerate(PLACEHOLDERS)
    )
    text = " ".join(made(wrapped(TEXT + rows))[3].split())
    assert [p for at, p in enumerate(PLACEHOLDERS) if f"Row {at} {p} end" not in text] == []


@pytest.mark.parametrize(
    "placeholder", ["{{ x", "x }}", "{% x", "{# x", "{% raw %}", "{% endraw %}", "{{ '%}' }}"]
)
def test_half_a_placeholder_stays_too(placeholder: str) -> None:
    assert (
        f"Before {placeholder} end" in made(wrapped(f"{TEXT}<mj-text>Before {placeholder} end</mj-text>"))[3]
    )


def test_it_is_reported_in_words_and_in_attributes() -> None:
    named = [p for p in PLACEHOLDERS if not p.startswith(("{%", "{#"))]
    for part in ("<mj-text>{}</mj-text>", '<mj-image src="https://a.example/x.png" alt="{}" />'):
        notes = made(
            wrapped(TEXT + "".join(part.replace("{}", p) for p in named if "<" not in p or "text" in part))
        )[1]
        assert [p for p in named if "<" not in p and f"{p} " not in notes] == []


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 0, "no mj-body"),
        (b"<html><body>Hello</body></html>", 0, "no mj-body"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", 1, "not UTF-8"),
        (b"<mjml><mj-body>\n\n\xff</mj-body></mjml>", 3, "not UTF-8"),
        (b"<mjml>" + b" " * 1_000_001, 0, "larger than 1 MB"),
        (b"<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n</mj-section>\n</mj-body>\n</mjml>", 5, "<mj-column> from line 4"),
        (b"<mjml>\n<mj-body>\n<mj-section>\n</mj-body>\n</mjml>", 4, "<mj-section> from line 3"),
        (b"<mjml>\r\n<mj-body>\r\n<mj-section>\r\n", 3, "never closed"),
        (b"<mjml>\n<mj-body>\n</mj-text>\n</mj-body></mjml>", 3, "closes nothing"),
        (b"<mjml><mj-body><mj-section><mj-column>\n<mj-text>a", 2, "never closed"),
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused_with_its_line(data: bytes, line: int, said: str) -> None:
    with pytest.raises(KitError) as refused:
        import_mjml(data, "odd.mjml")
    assert refused.value.line == line
    assert said in refused.value.message
    assert refused.value.mend
