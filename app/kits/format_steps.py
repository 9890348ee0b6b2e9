"""The sequence as kit.toml declares it: which email goes out on which day, and to whom of those who got the first one."""

from app.kits.pieces import Step, StepAct
from app.kits.table import Table

MOST = 10
LAST_DAY = 60


def read_steps(top: Table) -> tuple[Step, ...]:
    """The steps of a kit, each with its day counted from the launch; empty where it declares none."""
    steps: list[Step] = []
    for table in top.tables("steps", MOST):
        steps.append(_step(table, steps[-1].day if steps else 0))
    return tuple(steps)


def _step(table: Table, before: int) -> Step:
    step = Step(
        email=table.text("email", required=True, longest=40),
        day=_day(table, before),
        unless=_acts(table, "unless"),
        only=_acts(table, "only"),
        line=table.line,
    )
    table.done()
    return step


def _day(table: Table, before: int) -> int:
    day = table.number("day", 0, 0, 365)
    after = table.number("after", 0, 0, 365)
    if "day" in table.data and "after" in table.data:
        table.wrong("after", "A step has “day” or “after”, not both.", "Leave one out.")
    return before + after if "after" in table.data else day


def _acts(table: Table, key: str) -> tuple[StepAct, ...]:
    """A condition: one word, or a list of them."""
    alone = isinstance(table.raw(key), str)
    words = (table.text(key),) if alone else table.texts(key)
    known = ", ".join(f"“{act}”" for act in StepAct)
    for word in words:
        if word not in list(StepAct):
            table.problems.add(
                f"“{word[:40]}” is nothing a contact does.",
                f"Use one of {known}.",
                table.address,
                key,
                "step-condition",
            )
    return tuple(StepAct(word) for word in words if word in list(StepAct))
