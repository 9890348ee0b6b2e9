"""Every rule of the check, once with its mistake at the exact line and column (marked ¦), and once silent on a sound neighbour."""

import ast
import re
from pathlib import Path

import pytest

from app.kits.archive import KitError
from app.kits.check import check_files, finding_of
from app.kits.check_online import check_online
from app.kits.findings import RULES, Finding
from app.kits.format import read_files, survey
from tests.kits.small import MAIL, PAGE, PLAY, POST, TOML, mistaken, png, small

ROOT = Path(__file__).parents[2]
LONG = "word " * 22_000
_FIRST_SLOT = '[[slots]]\nname = "headline"'

# rule, file, what stands there, what stands there by mistake, and what may stand there instead.
CASES = [
    ("toml", TOML, 'name = "Small kit"', 'name = "Small kit¦', 'name = "A kit"'),
    ("toml-key", TOML, 'label = "Headline"', '¦labell = "Headline"\nlabel = "x"', 'label = "x"'),
    ("toml-type", TOML, "max_length = 70", 'max_length = ¦"70"', "max_length = 80"),
    ("toml-type", TOML, 'choices = ["Book now!", "See more"]', 'choices = ["Book now!", ¦3]', 'choices = ["Book now!", "x"]'),
    ("toml-missing", TOML, '[[slots]]\nname = "shop"', '¦[[slots]]', '[[slots]]\nname = "shop"'),
    ("toml-value", TOML, 'version = "1.0"', 'version = ¦"one"', 'version = "1.1"'),
    ("toml-value", TOML, 'name = "photo"', 'name = ¦"Photo!"', 'name = "photo"'),
    ("file-missing", TOML, 'file = "social/post.md"', 'file = ¦"social/none.md"', 'file = "social/post.md"'),
    ("asset-missing", MAIL, 'src="assets/hero.png"', 'src="¦assets/none.png"', 'src="assets/hero.png"'),
    ("asset-missing", MAIL, 'src="assets/hero.png"', 'src="¦hero.png"', 'src="assets/hero.png"'),
    ("page-title", TOML, 'title = "A page"', 'title = ¦""', 'title = "B"'),
    ("page-title", TOML, '[[pages]]\nname = "page"\ntitle = "A page"', '¦[[pages]]\nname = "page"', '[[pages]]\nname = "page"\ntitle = "B"'),
    ("form-label", TOML, '[[pages.form.fields]]\nname = "email"\nlabel = "Email"', '¦[[pages.form.fields]]\nname = "email"',
     '[[pages.form.fields]]\nname = "email"\nlabel = "B"'),
    ("form", PAGE, "{{ form }}\n</section>", "</section>¦", "<p>{{ form }}</p></section>"),
    ("form", PAGE, "{{ form }}", "{{ form }} ¦{{ form }}", "{{form}}"),
    ("page-language", TOML, 'languages = ["en"]\n', "", 'languages = ["nl"]\n'),
    ("page-heading", PAGE, "<h2>", "¦<h4>", "<h2>"),
    ("page-heading", PAGE, "<h2>Why now</h2>", "¦<h1>Why now</h1>", "<h2>Why <b>now</b></h2>"),
    ("page-heading", PAGE, "Why now", "", "Why"),
    ("page-style", PAGE, "<p>", '<p ¦style="color:red">', '<p class="sub">'),
    ("page-tag", PAGE, "<p>", "<p>¦<input name='x'>", "<p><b>x</b>"),
    ("page-tag", PAGE, "<p>", "<p ¦data-x='1'>", "<p lang='nl'>"),
    ("page-tag", PAGE, "</section>", "<div>¦</section>", "<div>x</div></section>"),
    ("image-size", PAGE, '<img src="assets/hero.png" alt="A house" width="600" height="400">',
     '¦<img src="assets/hero.png" alt="A house" width="600">', '<img src="assets/hero.png" alt="" width="6" height="4">'),
    ("link-text", PAGE, '<a href="#form">the form</a>', '¦<a href="#form"> </a>', '<a href="#form"><img src="assets/hero.png" alt="The form" width="1" height="1"></a>'),
    ("link-dead", PAGE, '<a href="#form">', '<a ¦href="#nowhere">', '<a href="#top">'),
    ("link-dead", MAIL, 'href="{{ link.landing }}"', '¦href="shop.html"', 'href="mailto:a@b.example"'),
    ("link-http", MAIL, 'href="{{ link.landing }}"', 'href="¦http://a.example"', 'href="https://a.example"'),
    ("link-scheme", MAIL, 'href="{{ link.landing }}"', '¦href=" java\tscript:alert(1)"', 'href="tel:+3110"'),
    ("event-handler", MAIL, '<a href="{{ slot.shop }}"', '<a ¦onclick="x()" href="{{ slot.shop }}"', '<a title="on" href="{{ slot.shop }}"'),
    ("forbidden-tag", MAIL, "{{ slot.headline }}", "¦<script>x</script>", "script"),
    ("mj-include", MAIL, "<mj-column>", '<mj-column>¦<mj-include path="./a.mjml" />', "<mj-column><!-- include -->"),
    ("mjml", MAIL, "</mj-column>\n    </mj-section>", "\n    ¦</mj-section>", "</mj-column >\n    </mj-section>"),
    ("html", MAIL, "{{ slot.headline }}", "x¦</b>", "x<br>y<b>z</b><ul><li>a<li>b</ul><p>c"),
    ("html", MAIL, "{{ slot.headline }}", "x¦<b>y", "<b>y</b>"),
    ("mjml-place", MAIL, "  <mj-head>", "  ¦<mj-raw>x</mj-raw><mj-head>", '  <mj-raw position="file-start">x</mj-raw><mj-head>'),
    ("mjml", MAIL, "{{ slot.headline }}</mj-text>", "{{ slot.headline }}", ""),
    ("mjml-tag", MAIL, "<mj-button ", "¦<mj-buton ", "<mj-button "),
    ("mjml-tag", MAIL, "<mj-column>", "<mj-column>¦<p>x</p>", "<mj-column><mj-text><p>x</p></mj-text>"),
    ("mjml-place", MAIL, "<mj-column>", "<mj-column>¦<mj-section></mj-section>", "<mj-column><mj-spacer />"),
    ("mjml-place", MAIL, "{{ slot.headline }}", '¦<mj-image alt="" src="assets/hero.png" />', '<img alt="" src="assets/hero.png" />'),
    ("mjml-attribute", MAIL, '<mj-text font-size="17px">', '<mj-text ¦font-sise="17px">', '<mj-text font-size="17px" css-class="a" mj-class="quiet">'),
    ("mjml-value", MAIL, '<mj-text font-size="17px">', '<mj-text font-size="¦17pt">', '<mj-text font-size="18px" padding="0 4px">'),
    ("mjml-value", MAIL, 'background-color="#15324b"', 'background-color="¦#15324"', "background-color=\"{{ partner.call_color | readable_on('#ffffff') }}\""),
    ("mjml-value", MAIL, '<mj-text font-size="17px">', '<mj-text align="¦middle">', '<mj-text align="center">'),
    ("mjml-class", MAIL, 'mj-class="quiet"', 'mj-class="quiet ¦quite"', 'mj-class="quiet"'),
    ("mjml-text", MAIL, "<mj-column>", "<mj-column> ¦words", "<mj-column> &nbsp;<!-- words --><mj-raw><div></mj-raw><mj-raw></div></mj-raw>"),
    ("mjml-twice", MAIL, '<mj-text font-size="17px">', '<mj-text font-size="17px" ¦font-size="18px">',
     '<mj-text {% if slot.photo %}font-size="17px"{% else %}font-size="18px"{% endif %}>'),
    ("alt-text", MAIL, '<mj-image src="assets/hero.png" alt="A house" />', '¦<mj-image src="assets/hero.png" />', '<mj-image src="assets/hero.png" alt="" />'),
    ("alt-text", PAGE, '<img src="assets/hero.png" alt="A house"', '¦<img src="assets/hero.png"', '<img src="assets/hero.png" alt=""'),
    ("alt-text", TOML, 'image = "assets/hero.png"\nalt = "A house"', 'image = ¦"assets/hero.png"', 'image = "assets/hero.png"\nalt = "A"'),
    ("image-source", MAIL, '<mj-image src="assets/hero.png" alt="A house" />', '¦<mj-image alt="A house" />', '<mj-image src="{{ partner.logo_url }}" alt="A" />'),
    ("image-remote", MAIL, 'src="assets/hero.png"', 'src="¦https://a.example/x.png"', 'src="assets/hero.png"'),
    ("image-remote", MAIL, "color: #000000;", "background: url(¦https://a.example/x.png);", "background: url(assets/hero.png);"),
    ("image-svg", MAIL, 'src="assets/hero.png"', 'src="¦assets/hero.svg"', 'src="assets/hero.png"'),
    ("remote-font", MAIL, "<mj-attributes>", '¦<mj-font name="Fancy" href="https://fonts.example/a.css" /><mj-attributes><mj-text font-family="Fancy" />', "<mj-attributes>"),
    ("slot-undeclared", MAIL, "{{ slot.headline }}", "{{ ¦slot.headlin }}", "{{ slot.headline | upper }}"),
    ("slot-undeclared", TOML, 'subject = "{{ slot.headline }}"', 'subject = "\\u00e9 {{ ¦slot.nope }}"', 'subject = "{{ slot.button }}"'),
    ("slot-type", MAIL, "{{ slot.headline }}", "{{ ¦slot.photo }}", "{{ slot.photo.alt }}"),
    ("slot-type", MAIL, "{{ slot.headline }}", "{{ ¦slot.points }}", '{{ slot.points | join(", ") }}'),
    ("slot-type", MAIL, "{{ slot.headline }}", "{{ ¦slot.accent }}", "{{ slot.until }}"),
    ("slot-type", POST, "{{ slot.until | day }}", "{{ ¦slot.points }}", "{% for p in slot.points %}{{ p }}{% endfor %}"),
    ("slot-type", MAIL, "{{ slot.headline }}", "{% ¦for x in slot.headline %}{{ x }}{% endfor %}", "{% for x in slot.points %}{{ x }}{% endfor %}"),
    ("slot-type", MAIL, "slot.accent | readable_on", "¦slot.headline | readable_on", "partner.call_color | readable_on"),
    ("slot-choice", MAIL, "{{ slot.headline }}", '{% if ¦slot.button == "Book" %}x{% endif %}', '{% if slot.button == "Book now!" %}x{% endif %}'),
    ("slot-default", TOML, 'default = "2026-06-12"', 'default = ¦"12 June"', 'default = "2026-06-13"'),
    ("slot-default", TOML, "max_length = 70", 'max_length = 5', "max_length = 60"),
    ("slot-limits", TOML, 'label = "Story"', 'label = "Story"\n¦choices = ["a", "b"]', 'label = "Story"\nmax_length = 300'),
    ("slot-limits", TOML, 'label = "Until"', 'label = "Until"\nearliest = 2026-06-30\nlatest = ¦2026-06-01', 'label = "Until"\nlatest = 2026-06-30'),
    ("slot-unused", TOML, _FIRST_SLOT, '[[slots]]\nname = ¦"spare"\nlabel = "Spare"\n\n' + _FIRST_SLOT, _FIRST_SLOT),
    ("template-forbidden", MAIL, "{{ slot.headline }}", "{{ ¦slot.headline() }}", "{{ slot.headline | trim }}"),
    ("template-forbidden", MAIL, "{{ slot.headline }}", "{% ¦set x = 1 %}", "{# note #}x"),
    ("placeholder", PAGE, "Why now", "{{ ¦contact.first_name }}", "{{ partner.name }}"),
    ("placeholder", PLAY, "Call.", "{{ ¦link.unsubscribe }}", "{{ link.landing }}"),
    ("placeholder", TOML, 'value = "Another"', 'value = "Hi {{ ¦nobody.name }}"', 'value = "{{ slot.headline }}"'),
    ("placeholder-spot", MAIL, "<mj-text font-size", "<mj-text css-class=\"{{ ¦slot.story }}\" font-size", "<mj-text css-class=\"a\" font-size"),
    ("contact-condition", MAIL, "{{ slot.headline }}", "{% if ¦contact.company %}x{% endif %}", '{{ contact.company | default("you") }}'),
    ("foreign-placeholder", MAIL, "{{ slot.headline }}", "¦*|FNAME|*", "* FNAME *"),
    ("value", MAIL, '<mj-text font-size="17px">', '<mj-text css-class="{{ slot.button }}">', '<mj-text css-class="a">'),
    ("no-unsubscribe", MAIL, '<a href="{{ link.unsubscribe }}" style="color:#15324b">Unsubscribe</a>', "", ""),
    ("no-unsubscribe", MAIL, '<a href="{{ link.unsubscribe }}" style="color:#15324b">Unsubscribe</a>',
     '{% if slot.photo %}<a href="{{ ¦link.unsubscribe }}">Unsubscribe</a>{% endif %}', '<a href="{{ link.unsubscribe }}">Out</a>'),
    ("no-address", MAIL, "{{ partner.postal_address }}", "", "{{ partner.postal_address | upper }}"),
    ("no-address", MAIL, "{{ partner.postal_address }}", '<span style="display:none">{{ ¦partner.postal_address }}</span>', "<b>{{ partner.postal_address }}</b>"),
    ("no-why", MAIL, "{{ why }}", "", "<b>{{ why }}</b>"),
    ("no-vendor", MAIL, "{{ vendor.name }}", "", "<b>{{ vendor.name }}</b>"),
    ("size", MAIL, "{{ slot.headline }}", LONG, LONG[:50_000]),
    ("size-filled", TOML, 'default = ["Fast", "Cheap"]', 'default = ["Fast"]\nmax_items = 50\nmax_length = 4000', 'default = ["Fast"]\nmax_items = 20'),
    ("line-length", MAIL, 'href="{{ link.landing }}"', 'href="mailto:a@b.example?body=' + "a" * 1200 + '"', 'href="mailto:a@b.example?body=hello"'),
    ("dark-mode", MAIL, '<mj-raw><meta name="color-scheme" content="light dark" /></mj-raw>', "", '<mj-raw><meta name="color-scheme" content="light" /></mj-raw>'),
    ("contrast", MAIL, '<mj-text font-size="17px">{{', '<mj-text color="#999999">¦{{', '<mj-text color="#767676" font-size="24px">{{'),
    ("contrast", MAIL, 'background-color="#15324b" color="#ffffff">', 'background-color="#f5a3a3" color="#ffffff">¦', 'background-color="#b9431a" color="#ffffff">'),
    ("contrast-brand", MAIL, 'background-color="#15324b" color="#ffffff">', 'background-color="{{ partner.call_color }}" color="#ffffff">¦',
     'background-color="{{ partner.call_color }}" color="{{ partner.call_color | text_on }}">'),
    ("contrast-dark", "emails/two.mjml", '<mj-body background-color="#ffffff">\n    <mj-section background-color="#ffffff"><mj-column>\n      <mj-text font-family="Arial">',
     '<mj-body>\n    <mj-section><mj-column>\n      <mj-text font-family="Arial">¦', ""),
    ("text-part", "emails/two.mjml", "We wrote three days ago, and would like to hear from you before the end of the month.", "", "We wrote three days ago, and would like to hear from you before the end."),
    ("subject-long", TOML, 'subject = "Second"', f'subject = ¦"{"Second " * 12}"', 'subject = "Second one"'),
    ("plain-preheader", TOML, '[[emails]]\nname = "two"\ntitle = "Two"\nfile = "emails/two.mjml"\nsubject = "Second"\npreheader = "Once more"',
     '¦[[emails]]\nname = "two"\ntitle = "Two"\nfile = "emails/two.mjml"\nsubject = "Second"', ""),
    ("step-email", TOML, '[[steps]]\nemail = "two"', '[[steps]]\nemail = ¦"three"', '[[steps]]\nemail = "two"'),
    ("step-repeat", TOML, "day = 3", 'day = 3\n\n[[steps]]\nemail = ¦"one"\nday = 9', "day = 4"),
    ("step-first", TOML, '[[steps]]\nemail = "one"', '[[steps]]\nemail = "one"\nday = ¦1', '[[steps]]\nemail = "one"'),
    ("step-order", TOML, "day = 3", "day = ¦0", "day = 1"),
    ("step-late", TOML, "day = 3", "day = ¦61", "day = 60"),
    ("step-condition", TOML, "day = 3", 'day = 3\nonly = ¦"submitted"', 'day = 3\nonly = "clicked"'),
    ("step-test", TOML, 'name = "subjects"\nemail = "one"', 'name = "subjects"\nemail = ¦"two"', 'name = "subjects"\nemail = "one"'),
    ("email-unsent", TOML, '[[steps]]\nemail = "two"\nday = 3\n', "", '[[steps]]\nemail = "two"\nday = 4\n'),
    ("panel-page", TOML, "panel = { page = 1", "panel = ¦{ page = 2", "panel = { page = -1"),
    ("panel-outside", TOML, "x = 20, y = 200, width = 100", "x = 20, y = 200, width = 300", "x = 10, y = 200, width = 100"),
    ("post-long", POST, "Until", "Until" + " and on" * 500, "Until and on"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "file", "old", "new"),
    [case[:4] for case in CASES],
    ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)],
)
def test_a_mistake_is_found_where_it_is(rule: str, file: str, old: str, new: str) -> None:
    files, where = mistaken(file, old, new)
    mine = [f for f in check_files(files)[1] if f.rule == rule]
    assert mine, f"{rule} was not found"
    assert mine[0].severity is RULES[rule]
    assert mine[0].message.strip()
    assert mine[0].mend.strip()
    if where[0]:
        assert (file, *where) in [(f.file, f.line, f.column) for f in mine]
    else:
        assert all(f.line and f.column for f in mine)


def neighbours() -> list[tuple[dict[str, bytes], set[str]]]:
    """Sound kits, each with as many of the neighbours in it as fit beside each other, and the rules they might break."""
    kits: list[tuple[dict[str, bytes], set[str]]] = []
    for rule, file, old, _, new in CASES:
        if not new:
            continue
        for files, rules in [*kits, (small(), set())]:
            if old.encode() in files[file] and rule not in rules:
                files[file] = files[file].replace(old.encode(), new.encode(), 1)
                rules.add(rule)
                if all(files is not known for known, _ in kits):
                    kits.append((files, rules))
                break
    return kits


@pytest.mark.parametrize(("files", "rules"), neighbours())
def test_what_is_sound_beside_a_mistake_is_left_alone(files: dict[str, bytes], rules: set[str]) -> None:
    assert [f for f in check_files(files)[1] if f.rule in rules] == []


def test_the_small_kit_has_no_findings() -> None:
    assert check_files(small())[1] == []


def the(rule: str, found: list[Finding]) -> list[Finding]:
    return [f for f in found if f.rule == rule]


def test_files_nobody_uses_and_heavy_pictures_are_warned_of() -> None:
    heavy = png() + b"x" * 1_000_000
    extra = {"assets/spare.png": heavy, "emails/spare.mjml": b"<mjml></mjml>", "README.md": b"words"}
    found = check_files({**small(), **extra})[1]
    assert [(f.rule, f.file) for f in found] == [
        ("asset-unused", "assets/spare.png"), ("image-heavy", "assets/spare.png"), ("file-unused", "emails/spare.mjml"),
    ]  # fmt: skip
    just = check_files({**small(), "assets/hero.png": heavy[:1_000_000]})[1]
    assert just == []


def test_files_that_are_not_what_they_are_called_are_named() -> None:
    found = check_files({**small(), "assets/hero.png": b"GIF89a", "documents/flyer.pdf": b"PK"})[1]
    assert {(f.rule, f.file) for f in found if f.file != TOML} == {
        ("picture", "assets/hero.png"), ("document", "documents/flyer.pdf"),
    }  # fmt: skip


def test_a_document_that_runs_something_is_refused() -> None:
    files = {**small(), "documents/flyer.pdf": b"no pdf"}
    found = the("document-unsafe", check_files(files)[1])
    text = files[TOML].decode()
    assert [(f.file, f.line) for f in found] == [
        (TOML, text[: text.index("documents/flyer")].count("\n") + 1)
    ]


def test_a_broken_archive_and_an_absent_kit_are_findings_too(tmp_path: Path) -> None:
    with pytest.raises(KitError) as broken:
        read_files(b"PK\x03\x04 nothing")
    assert finding_of(broken.value).rule == "archive"
    with pytest.raises(KitError) as absent:
        read_files(tmp_path / "nowhere")
    assert finding_of(absent.value).rule == "kit"


def test_dead_links_are_named_at_each_of_their_places() -> None:
    files, where = mistaken(MAIL, 'href="{{ link.landing }}"', 'href="¦https://gone.example/x"')
    files[POST] += b"See https://gone.example/x, or https://fine.example/y."
    kit, _ = survey(files)
    assert kit is not None
    asked: list[str] = []

    def ask(url: str) -> str:
        asked.append(url)
        return "There is no such page (404)." if "gone" in url else ""

    found = check_online(kit, ask)
    assert {(f.rule, f.severity, f.file, f.line, f.column) for f in found} == {
        ("link-gone", "warning", MAIL, *where), ("link-gone", "warning", POST, 2, 5),
    }  # fmt: skip
    assert sorted(asked) == [
        "https://fine.example/y",
        "https://gone.example/x",
        "https://harbour-it.example/shop",
    ]


ELSEWHERE = {
    "archive",
    "kit",
    "document-unsafe",
    "asset-unused",
    "file-unused",
    "image-heavy",
    "link-gone",
    "picture",
    "document",
}


def test_every_rule_has_a_case() -> None:
    assert {case[0] for case in CASES} | ELSEWHERE == set(RULES)


def documented() -> dict[str, str]:
    """Rule and severity of each row in the guide."""
    text = (ROOT / "docs" / "kit-format.md").read_text()
    return dict(re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE))


def test_the_guide_has_every_rule_and_no_other() -> None:
    assert documented() == {rule: severity.value for rule, severity in RULES.items()}


def test_the_code_knows_no_rule_without_a_name_in_the_list() -> None:
    named: set[str] = set()
    rooms = {
        ROOT / "app/kits": ("check*.py", "format*.py", "table.py", "archive.py", "package.py"),
        ROOT / "app/render": ("*.py",),
    }
    for path in (
        path for room, patterns in rooms.items() for pattern in patterns for path in room.glob(pattern)
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                named |= rules_in(node)
    # Only a campaign's rendering says that a slot was left empty; the check fills all of them.
    assert named - {"slot-missing"} <= set(RULES)


def rules_in(call: ast.Call) -> set[str]:
    """The literal rules a call names: the first argument of what makes findings, and `rule=`."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = [k.value for k in call.keywords if k.arg == "rule"]
    is_report = (
        name == "add"
        and isinstance(call.func, ast.Attribute)
        and getattr(call.func.value, "id", "") == "report"
    )
    if (name in ("finding", "Problem") or is_report) and call.args:
        given.append(call.args[0])
    either = [
        part
        for value in given
        for part in ([value.body, value.orelse] if isinstance(value, ast.IfExp) else [value])
    ]
    constants = [n for n in either if isinstance(n, ast.Constant)]
    return {
        n.value for n in constants if isinstance(n.value, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", n.value)
    }
