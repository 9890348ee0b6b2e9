"""A kit's sequence: read in days from the launch, checked with file, line and mend, and every rule of it documented."""

import json
import re
from pathlib import Path

import pytest

from app.kits.archive import KitError
from app.kits.check import Finding, check_files
from app.kits.format import KitSource, Step, StepAct, read_files, read_kit, survey
from app.kits.proofs import render_proofs

ROOT = Path(__file__).parents[2]
SEQUENCE = ROOT / "examples" / "kits" / "bring-one-file-back"
ONE_MAIL = ROOT / "examples" / "kits" / "secure-the-hybrid-office"
LAST_STEP = 'email = "last_call"\nday = 7\nunless = "submitted"'


def check_with(old: str, new: str) -> tuple[list[Finding], int]:
    """What the check says with one change to kit.toml, and the line of the change."""
    files = read_files(SEQUENCE)
    text = files["kit.toml"].decode()
    assert text.count(old) == 1, old
    line = text[: text.index(old)].count("\n") + 1
    return check_files({**files, "kit.toml": text.replace(old, new).encode()})[1], line


def test_the_example_with_a_sequence_passes_without_a_warning_and_renders_every_mail() -> None:
    kit, found = check_files(read_files(SEQUENCE))
    assert found == []
    assert kit is not None
    assert kit.steps == (
        Step("invitation", 0, line=kit.steps[0].line),
        Step("reminder", 3, (StepAct.SUBMITTED,), line=kit.steps[1].line),
        Step("last_call", 7, (StepAct.SUBMITTED,), line=kit.steps[2].line),
    )
    assert {f"email-{step.email}.eml" for step in kit.steps} <= set(render_proofs(kit))
    assert KitSource.from_manifest(json.loads(json.dumps(kit.to_manifest()))) == kit


def test_a_kit_without_steps_sends_its_first_email_once() -> None:
    assert [step.email for step in read_kit(ONE_MAIL).sequence] == ["invitation"]


def test_days_may_be_counted_from_the_step_before() -> None:
    files = read_files(SEQUENCE)
    text = files["kit.toml"].decode().replace("day = 3", "after = 3").replace("day = 7", "after = 4")
    kit, problems = survey({**files, "kit.toml": text.encode()})
    assert problems == []
    assert kit is not None
    assert [step.day for step in kit.steps] == [0, 3, 7]


@pytest.mark.parametrize(
    ("old", "new", "rule", "below"),
    [
        ('[[steps]]\nemail = "reminder"', '[[steps]]\nemail = "remainder"', "step-email", 1),
        ('[[steps]]\nemail = "reminder"', '[[steps]]\nemail = "invitation"', "step-repeat", 1),
        ('[[steps]]\nemail = "invitation"', '[[steps]]\nemail = "invitation"\nday = 2', "step-first", 2),
        (
            '[[steps]]\nemail = "invitation"',
            '[[steps]]\nemail = "invitation"\nonly = "clicked"',
            "step-first",
            2,
        ),
        ("day = 7", "day = 3", "step-order", 0),
        ("day = 7", "after = 0", "step-order", 0),
        ("day = 7", "day = 61", "step-late", 0),
        (LAST_STEP, LAST_STEP.replace("submitted", "telephoned"), "step-condition", 2),
        (LAST_STEP, LAST_STEP.replace("unless", "only"), "step-condition", 2),
        (LAST_STEP, LAST_STEP + '\nonly = ["submitted"]', "step-condition", 3),
        ('email = "invitation"\nfield', 'email = "reminder"\nfield', "step-test", 0),
        ('[[steps]]\nemail = "last_call"\nday = 7\nunless = "submitted"\n', "", "email-unsent", None),
    ],
)
def test_a_mistake_in_a_step_is_found_on_its_line(old: str, new: str, rule: str, below: int | None) -> None:
    found, line = check_with(old, new)
    match = [finding for finding in found if finding.rule == rule]
    assert match, found
    assert match[0].file == "kit.toml"
    assert match[0].mend
    if below is not None:
        assert match[0].line == line + below


def test_a_step_with_both_ways_of_counting_is_no_step() -> None:
    files = read_files(SEQUENCE)
    text = files["kit.toml"].decode().replace("day = 7", "day = 7\nafter = 4")
    with pytest.raises(KitError, match="not both"):
        raise survey({**files, "kit.toml": text.encode()})[1][0]


def test_every_rule_about_steps_is_documented() -> None:
    source = "".join(
        (ROOT / "app" / "kits" / name).read_text() for name in ("check_steps.py", "format_steps.py")
    )
    rules = set(re.findall(r'"((?:step|email)-[a-z]+)"', source))
    assert len(rules) >= 8
    documented = (ROOT / "docs" / "kit-format.md").read_text()
    assert {rule for rule in rules if f"`{rule}`" not in documented} == set()
