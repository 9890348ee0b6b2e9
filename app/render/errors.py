"""What can be wrong with a piece of a kit when it is rendered, with its line and what mends it.

`Problem` is one finding of the template language; `RenderError` stops a rendering and carries all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import Invalid


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable `rule`, the line and column (from 1; 0 where unknown), a sentence and its mend."""

    rule: str
    message: str
    mend: str = ""
    line: int = 0
    column: int = 0


class RenderError(Invalid):
    """A piece can't be rendered. `problems` holds every reason that was found."""

    def __init__(self, problems: Sequence[Problem], piece: str = "") -> None:
        first = problems[0]
        where = f"{piece}:{first.line}: " if piece and first.line else ""
        super().__init__(f"{where}{first.message} {first.mend}".strip(), piece=piece)
        self.problems = tuple(problems)


class SpliceError(Invalid):
    """A recipient's own data can't stand in a message (an address that is none, for instance)."""
