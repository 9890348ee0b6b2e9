"""The template language of kits: Jinja's syntax, a sandbox, and on top of it an allow-list over the parsed tree.

Everything a template may do is listed in `walk`; values are plain data, and each is escaped for where it stands.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from types import SimpleNamespace

import jinja2
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes

from app.render.context import Missing, Names, Partner, Vendor
from app.render.errors import Problem, RenderError
from app.render.filters import ESCAPES, LISTED, UnsafeValue
from app.render.located import LocatedEnvironment, located, said
from app.render.places import Places
from app.render.walk import Walk

MAX_SOURCE = 400_000
MAX_OUTPUT = 1_000_000


def _environment() -> LocatedEnvironment:
    env = LocatedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    env.globals.clear()
    env.tests.clear()
    env.filters.clear()
    env.filters.update(LISTED)
    env.filters.update(ESCAPES)
    return env


_ENV = _environment()


@dataclass(frozen=True)
class Template:
    """A template that passed the allow-list; `slots` and `mentions` tell what it uses."""

    tree: nodes.Template
    slots: frozenset[str]
    mentions: frozenset[str]

    @cached_property
    def compiled(self) -> jinja2.Template:
        """The tree as code, made once however often it is filled."""
        return _ENV.from_string(self.tree)


@dataclass(frozen=True)
class Data:
    """What a template is rendered with: typed slot values and the two organisations."""

    slots: Mapping[str, object]
    partner: Partner
    vendor: Vendor
    plain: Mapping[str, object]


def inspect(
    source: str,
    names: Names,
    *,
    places: Places | None = None,
    markup: bool = True,
    language: str = "en",
    walk_of: type[Walk] = Walk,
) -> tuple[Template | None, list[Problem]]:
    """Parse and check a template. Returns it, or None with every problem found, each with its line and column.

    `walk_of` may be a stricter walk.
    """
    if len(source) > MAX_SOURCE:
        return None, [
            Problem("size", f"The piece is longer than {MAX_SOURCE} characters.", "Make it shorter.")
        ]
    walk = walk_of(names, places or Places("tlpreview"), markup, language)
    try:
        tree = walk.template(_ENV.parse(source))
    except TemplateSyntaxError as error:
        mend = "Mend the placeholder, or write {% raw %}…{% endraw %} around text that should stay as it is."
        problem = Problem("placeholder", said(error), mend, error.lineno)
        return None, [located(problem, source)]
    except RecursionError:
        return None, [Problem("placeholder", "The template is nested too deep.", "Make it simpler.")]
    if walk.problems:
        return None, [located(problem, source) for problem in walk.problems]
    return Template(tree, frozenset(walk.slots), frozenset(walk.mentions)), []


def parse(
    source: str, names: Names, places: Places, *, markup: bool = True, language: str = "en"
) -> Template:
    """Like `inspect`, but raises RenderError with the problems."""
    template, problems = inspect(source, names, places=places, markup=markup, language=language)
    if template is None:
        raise RenderError(problems)
    return template


def evaluate(template: Template, data: Data) -> str:
    """The template with its values; sentinels stay. Raises RenderError for a value that can’t stand where it is put."""
    groups = {
        "slot": SimpleNamespace(**data.slots),
        "partner": SimpleNamespace(**asdict(data.partner)),
        "vendor": SimpleNamespace(**asdict(data.vendor)),
    }
    out: list[str] = []
    size = 0
    try:
        for chunk in template.compiled.generate(**groups, **data.plain):
            size += len(chunk)
            if size > MAX_OUTPUT:
                raise RenderError(
                    [Problem("size", "The result is longer than 1 MB.", "Shorten texts and lists.")]
                )
            out.append(chunk)
    except UnsafeValue as error:
        raise RenderError([Problem("value", str(error), "Change the value.")]) from error
    except (TemplateError, RecursionError, TypeError, ValueError, AttributeError) as error:
        raise RenderError(
            [Problem("placeholder", "The template can’t be filled.", str(error)[:200])]
        ) from error
    return "".join(out)


def render(
    source: str, names: Names, data: Data, places: Places, *, markup: bool = True, language: str = "en"
) -> str:
    """Parse, check and fill in one go."""
    return evaluate(parse(source, names, places, markup=markup, language=language), data)


def missing_slots(template: Template, data: Data) -> list[Missing]:
    """Required slots this template uses that nobody has filled."""
    return [v for name in sorted(template.slots) if isinstance(v := data.slots.get(name), Missing)]
