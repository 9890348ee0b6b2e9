"""A Jinja environment whose trees say where they stand to the character: a node's `lineno` is its offset in the source plus 1.

Jinja itself knows lines only, and whoever mends a template wants to be led to the very placeholder.
"""

import re
from collections.abc import Iterator

from jinja2 import TemplateSyntaxError
from jinja2.lexer import TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.render.errors import Problem


class LocatedEnvironment(ImmutableSandboxedEnvironment):
    """As Jinja's, but tokens, nodes and syntax errors carry offsets (from 1) where they would carry lines."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        return TokenStream(self.lexer.wrap(self._located(source), name, filename), name, filename)

    def _located(self, source: str) -> Iterator[tuple[int, str, str]]:
        # A minus beside a block takes white space away, so that a token may begin later than the one before it ended.
        at = 0
        try:
            for _, kind, text in self.lexer.tokeniter(source, None):
                found = source.find(text, at)
                at = at if found < 0 else found
                yield at + 1, kind, text
                at += len(text)
        except TemplateSyntaxError as error:
            left = source[at:]
            error.lineno = at + 1 + len(left) - len(left.lstrip())
            raise


def located(problem: Problem, source: str) -> Problem:
    """The problem with line and column (from 1) of the offset it carries as its line; as it is where it carries none."""
    if not problem.line:
        return problem
    at = min(problem.line - 1, len(source))
    line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
    return Problem(problem.rule, problem.message, problem.mend, line, column)


def said(error: TemplateSyntaxError) -> str:
    """What Jinja found unreadable, in words for whoever wrote the template."""
    message = error.message or ""
    still_open = re.search(r"block that needs to be closed is '(\w+)'", message)
    unknown = re.match(r"Encountered unknown tag '(\w+)'", message)
    if unknown:
        among = f" Here {{% {still_open[1]} %}} is still open." if still_open else ""
        return f"{{% {unknown[1]} %}} can’t stand here.{among}"
    if still_open:
        return f"{{% {still_open[1]} %}} is never closed: {{% end{still_open[1]} %}} is missing."
    plain = re.sub(r"( at \d+)?\.?$", "", message)
    return f"This placeholder can’t be read: {plain}."
