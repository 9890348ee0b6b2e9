"""A sequence's steps in words: when one goes out and to whom, the same on the kit's page, in the editor and where it runs."""

from collections.abc import Collection

from app.kits.pieces import Step, StepAct
from app.web.filters import plural

_DID = {StepAct.CLICKED: "clicked", StepAct.OPENED: "opened a mail"}
_DID_NOT = {StepAct.CLICKED: "did not click", StepAct.OPENED: "did not open a mail"}


def when(step: Step) -> str:
    """`At the launch`, or `3 days later`: days are counted from the launch."""
    return f"{plural(step.day, 'day')} after the launch" if step.day else "At the launch"


def whom(unless: Collection[str], only: Collection[str]) -> str:
    """To whom a later step goes, of those who got the first: `those who did not leave their details and did not click`."""
    words = ["those who did not leave their details"]
    words += [said for act, said in _DID_NOT.items() if act in unless]
    wanted = [said for act, said in _DID.items() if act in only]
    return " and ".join([*words, *([" or ".join(wanted)] if wanted else [])])
