"""The check of a kit's steps: emails that exist, days that go up and end, conditions that somebody can meet."""

from app.kits.findings import Finding, finding
from app.kits.format_steps import LAST_DAY
from app.kits.locate import Lines
from app.kits.pieces import KitSource, Step, StepAct
from app.kits.table import FILE
from app.web.filters import plural


def check_steps(kit: KitSource, lines: Lines) -> list[Finding]:
    """Every finding about the steps of a kit, and about emails that no step sends."""
    found = []
    for at, step in enumerate(kit.steps):
        found += _email(kit, step, at, lines)
        found += _first(step, lines) if at == 0 else _day(step, kit.steps[at - 1], at, lines)
        found += _condition(step, at, lines)
    return found + _tests(kit, lines) + _unsent(kit, lines)


def _at(lines: Lines, at: int, *keys: str) -> tuple[int, int]:
    """Line and column of the value of the first of these keys that the step has, else of the step."""
    address = f"steps[{at}]"
    given = next((key for key in keys if lines.has(address, key)), "")
    return lines.value(address, given) if given else lines.where(address)


def _email(kit: KitSource, step: Step, at: int, lines: Lines) -> list[Finding]:
    where = _at(lines, at, "email")
    if step.email and kit.email(step.email) is None:
        mend = "Use one of: " + (", ".join(e.name for e in kit.emails) or "none is declared") + "."
        return [finding("step-email", FILE, *where, f"There is no email “{step.email}”.", mend)]
    if step.email in [earlier.email for earlier in kit.steps[:at]]:
        message = f"“{step.email}” goes out in an earlier step already."
        mend = "People would get the same words twice. Write another email for this step."
        return [finding("step-repeat", FILE, *where, message, mend)]
    return []


def _first(step: Step, lines: Lines) -> list[Finding]:
    if not step.day and not step.unless and not step.only:
        return []
    message = "The first step goes out at the launch, to everyone who may be mailed."
    mend = "Take its day and its conditions out, or put another step before it."
    return [finding("step-first", FILE, *_at(lines, 0, "day", "unless", "only"), message, mend)]


def _day(step: Step, before: Step, at: int, lines: Lines) -> list[Finding]:
    where = _at(lines, at, "day", "after")
    if step.day <= before.day:
        message = f"Day {step.day} is not after the step before it, day {before.day}."
        return [
            finding("step-order", FILE, *where, message, "Put the steps in order, at least one day apart.")
        ]
    if step.day > LAST_DAY:
        message = f"This step goes out {plural(step.day, 'day')} after the launch."
        return [
            finding(
                "step-late",
                FILE,
                *where,
                message,
                f"Use day {LAST_DAY} at the latest, or a campaign of its own.",
            )
        ]
    return []


def _condition(step: Step, at: int, lines: Lines) -> list[Finding]:
    if StepAct.SUBMITTED in step.only:
        message = "Nobody gets this step: a filled form ends the sequence for whoever sent it."
        mend = "Take “submitted” out of “only”."
    elif set(step.only) & set(step.unless):
        message = "Nobody gets this step: “only” and “unless” ask for the same."
        mend = "Leave one of them out."
    else:
        return []
    return [finding("step-condition", FILE, *_at(lines, at, "only"), message, mend)]


def _tests(kit: KitSource, lines: Lines) -> list[Finding]:
    found = []
    for at, test in enumerate(kit.tests):
        if kit.steps and kit.email(test.email) and test.email != kit.steps[0].email:
            message = f"This test is of “{test.email}”, and only the first step’s email is tested."
            where = lines.value(f"tests[{at}]", "email")
            found.append(finding("step-test", FILE, *where, message, f"Test “{kit.steps[0].email}”."))
    return found


def _unsent(kit: KitSource, lines: Lines) -> list[Finding]:
    sent = {step.email for step in kit.sequence}
    found = []
    for at, email in enumerate(kit.emails):
        if email.name and email.name not in sent and not any(test.email == email.name for test in kit.tests):
            message = f"No campaign sends “{email.name}”: it stands in no step."
            mend = "Declare it with [[steps]] and the day it goes out, or remove it."
            found.append(finding("email-unsent", FILE, *lines.value(f"emails[{at}]", "name"), message, mend))
    return found
