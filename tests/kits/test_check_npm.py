"""The check says of tags, places, attributes and values what the npm package's own validator says: no more, and no less."""

import json
import re
import shutil
import subprocess
from bisect import bisect_right
from pathlib import Path

import pytest

from app.kits.check_markup import read_markup
from app.kits.check_mjml import check_mjml
from app.kits.findings import Report
from app.kits.mjml_import import import_mjml
from app.kits.mjml_schema import components, fits

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
TEMPLATES = sorted((ROOT.parent / "shared" / "data" / "mjml").glob("*.mjml"))
RULES = {"mjml-tag", "mjml-place", "mjml-attribute", "mjml-value"}
Said = set[tuple[int, str, str, str]]  # line of the tag, the tag, what is wrong, the attribute

pytestmark = pytest.mark.skipif(
    NODE is None or not (ROOT / "node_modules" / "mjml").exists(),
    reason="node and the npm package mjml are what this compares with, and they aren’t installed",
)


def node(script: str, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [str(NODE), str(ROOT / script), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def npm(texts: list[str]) -> list[Said]:
    rows = json.loads(node("tests/kits/npm_validator.mjs", given=json.dumps(texts)))
    return [{one for line, tag, message in found for one in read(line, tag, message)} for found in rows]


def read(line: int, tag: str, message: str) -> Said:
    if found := re.match(r"Attributes? (.+) (?:is|are) illegal", message):
        return {(line, tag, "mjml-attribute", name) for name in found[1].split(", ")}
    if found := re.match(r"Attribute (\S+) has invalid value", message):
        return {(line, tag, "mjml-value", found[1])}
    rule = "mjml-tag" if "doesn't exist" in message else "mjml-place"
    return {(line, tag, rule, "")}


def ours(text: str) -> Said:
    """The same of our check; what stands inside HTML or directly in <mjml> the npm validator doesn't look at."""
    markup = read_markup(text)
    elements = list(markup.elements())
    starts = [element.start for element in elements]
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    found: Said = set()
    for one in check_mjml(markup, Report("x", markup.places)):
        at = lines[one.line - 1] + one.column - 1
        element = elements[bisect_right(starts, at) - 1]
        opaque = any((c := components().get(e.tag)) and c.is_ending for e in element.above())
        at_root = element.parent is None or element.parent.tag == "mjml"
        if one.rule not in RULES or opaque or (one.rule == "mjml-place" and at_root):
            continue
        given = element.attributes.values() if one.rule in ("mjml-attribute", "mjml-value") else ()
        name = next((a.name for a in given if a.start <= at <= a.value_start), "")
        found.add((markup.at(element.start)[0], element.tag, one.rule, name))
    return found


def test_the_stored_schema_is_the_packages_own() -> None:
    stored = (ROOT / "app" / "kits" / "mjml_schema.json").read_text()
    assert node("frontend/mjml_schema.mjs", "--print") == stored


VALUES = [
    "", " ", "0", "10", "10px", "-10px", "10 px", "10px 20px", "10px 20px 30px 40px", "10px 20px 30px 40px 50px", "10px  20px",
    "10%", "1.5em", ".5px", "1,5px", "auto", "10px auto", "10PX", "px", "red", "Red", "#fff", "#ffff", "#FFFFFF", "#fffffff",
    "rgb(1,2,3)", "rgba(1, 2, 3, 0.5)", "rgba(1,2,3)", "xrgb(1,2,3)x", "transparent", "true", "false", "True", "left", "left ",
    "center", "LEFT", "middle", "repeat", "full-width", "none", "horizontal", "12abc", "abc", "٣px", "10px\n", "rtl",
]  # fmt: skip


def every_attribute() -> str:
    """A line for each attribute of each component, with every value where its type is new; one more with an attribute nobody has."""
    rows, seen = ["<mjml><mj-body>"], set()
    for known in components().values():
        if known.tag == "mjml" or not known.is_checked:
            continue
        rows.append(f'<{known.tag} nonsense="1" Align="left" mj-class="a" css-class="b"></{known.tag}>')
        for name, kind in known.attributes.items():
            values = ["left", "10px", "#fff"] if kind in seen else VALUES
            seen.add(kind)
            rows += [f'<{known.tag} {name}="{value.strip(chr(10))}"></{known.tag}>' for value in values]
    return "\n".join([*rows, "</mj-body></mjml>"])


def every_place() -> str:
    """A line for each pair of components, one in the other; those that hold HTML hold no component."""
    tags = [tag for tag in components() if tag != "mjml"] + ["mj-nonsense", "p"]
    pairs = [
        f"<{outer}><{inner}></{inner}></{outer}>"
        for outer in tags
        for inner in tags
        if outer not in components() or not components()[outer].is_ending
    ]
    return "\n".join(["<mjml><mj-body>", *pairs, "</mj-body></mjml>"])


def test_every_attribute_value_and_place_is_judged_as_the_package_judges_it() -> None:
    texts = [every_attribute(), every_place()]
    for text, theirs in zip(texts, npm(texts), strict=True):
        mine = ours(text)
        assert len(theirs) > 500
        assert theirs - mine == set()
        # Of tags without a component, such as mj-all, the package doesn't mind where they stand; there they do nothing.
        homeless = {tag for tag, known in components().items() if not known.is_checked}
        assert {one for one in mine - theirs if one[1] not in homeless or one[2] != "mjml-place"} == set()


@pytest.mark.skipif(
    not TEMPLATES, reason="the public templates lie beside the checkout, in shared/data/mjml, which is absent"
)
def test_the_public_templates_and_the_kits_made_of_them_are_judged_alike() -> None:
    texts = [path.read_text() for path in TEMPLATES]
    texts += [
        data.decode()
        for path in TEMPLATES
        for name, data in import_mjml(path.read_bytes(), path.stem)[0].items()
        if name.endswith(".mjml")
    ]
    broken = [
        re.sub(r"<mj-(text|button|image)\b", r'<mj-\1 colour="1" padding="5"', text).replace(
            "<mj-divider", "<mj-dividr"
        )
        for text in texts[: len(TEMPLATES) : 4]
    ]
    assert len(texts) == 2 * len(TEMPLATES)
    for text, theirs in zip(texts + broken, npm(texts + broken), strict=True):
        mine = ours(text)
        assert (mine - theirs, theirs - mine) == (set(), set())
    assert all(found for found in npm(broken))


def test_a_value_of_any_length_is_judged_at_once() -> None:
    assert fits("unit(px,%){1,4}", "1" * 100_000)
    assert not fits("unit(px,%){1,4}", "1" * 299)
