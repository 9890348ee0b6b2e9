"""From an email piece to a compiled mail: template, MJML, inlined styles, numbered links, text part.

Runs once per campaign, email, variant and language; what belongs to the recipient stays open as places.
"""

import html as html_module
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.lazy import lazy
from app.render import dark, markup_state, places, template, unsafe
from app.render.compiled import (
    CompiledEmail,
    LinkTarget,
    clean_field,
    field_value,
    preview_html,
    preview_line,
    preview_text,
)
from app.render.context import ImageValue, Missing, Names, Partner, Vendor
from app.render.errors import Problem, RenderError
from app.render.fold import fold_html
from app.render.markup_state import Spot, State
from app.render.mjml import compile_mjml
from app.render.places import Place, PlaceKind, Places

__all__ = [
    "CompiledEmail", "EmailSource", "LinkTarget", "clean_field", "compile_email", "field_value", "names_of", "preview_html",
    "preview_line", "preview_text", "to_html",
]  # fmt: skip

css_inline, text_part = lazy("css_inline"), lazy("app.render.text_part")

_ASSET = re.compile(r"(?<=[\"'(])assets/[\w./@+-]+(?=[\"')])")
_COMMENT = re.compile(r"<!--(?!\[if)(?!<!\[endif)(?!>).*?-->", re.DOTALL)
_PREHEADER = '<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;">'
_PADDING = "&#847;&zwnj;&nbsp;" * 40
MAX_HTML = 102 * 1024


@dataclass(frozen=True)
class EmailSource:
    """One email of a kit. `assets` maps paths inside the kit (`assets/hero.png`) to the https urls they are served from."""

    mjml: str
    subject: str
    preheader: str = ""
    assets: Mapping[str, str] = field(default_factory=dict)


def compile_email(
    source: EmailSource,
    slots: Mapping[str, object],
    partner: Partner,
    vendor: Vendor,
    why: str,
    language: str = "en",
    *,
    mark_missing: bool = False,
) -> CompiledEmail:
    """Compile one email. `slots` are typed values (`app.kits.slots.filled`), `why` the sentence why one gets this mail.

    With `mark_missing`, required slots that are empty show as marks; otherwise they raise RenderError, as does
    everything the template language, MJML or the rules of mail forbid.
    """
    inputs = (
        source.mjml,
        source.subject,
        source.preheader,
        repr(dict(slots)),
        repr(partner),
        repr(vendor),
        why,
    )
    open_places = Places(places.make_mark(inputs))
    job = _Job(
        open_places,
        names_of(slots),
        template.Data(slots, partner, vendor, {"why": why}),
        language,
        mark_missing,
    )
    subject = " ".join(job.fill(source.subject, markup=False).split())
    preheader = " ".join(job.fill(source.preheader, markup=False).split())
    html, links = _html(job.fill(source.mjml, markup=True), source.assets, language, open_places)
    html = _finish(html, subject, preheader)
    text = text_part.text_from_html(html)
    pixel = open_places.sentinel(Place(PlaceKind.PIXEL))
    html = fold_html(html.replace("</body>", f"{pixel}</body>", 1), open_places.mark)
    _check_places(html, open_places)
    return CompiledEmail(html, text, subject, preheader, links, open_places.mark, tuple(open_places.known))


def names_of(
    slots: Mapping[str, object], *, contact: bool = True, links: tuple[str, ...] = ("landing", "unsubscribe")
) -> Names:
    """The names that typed slot values offer to a template."""
    kinds = {
        name: "list" if isinstance(v, tuple) else "image" if isinstance(v, ImageValue) else ""
        for name, v in slots.items()
    }
    return Names(
        {name: "image" if isinstance(slots[name], Missing) and not kind else kind for name, kind in kinds.items()},
        contact=contact, links=links,
    )  # fmt: skip


@dataclass(frozen=True)
class _Job:
    places: Places
    names: Names
    data: template.Data
    language: str
    mark_missing: bool

    def fill(self, source: str, markup: bool) -> str:
        parsed = template.parse(source, self.names, self.places, markup=markup, language=self.language)
        gaps = template.missing_slots(parsed, self.data)
        if gaps and not self.mark_missing:
            problems = [
                Problem("slot-missing", f"{str(g)[:1].upper()}{str(g)[1:]}.", "Fill it in.") for g in gaps
            ]
            raise RenderError(problems)
        return template.evaluate(parsed, self.data)


def _html(
    mjml: str, assets: Mapping[str, str], language: str, open_places: Places
) -> tuple[str, tuple[LinkTarget, ...]]:
    """MJML to HTML with styles inlined, assets resolved and links numbered."""
    html = dark.with_dark(to_html(_resolve(mjml, assets), language))
    found = list(unsafe.problems(html))
    if found:
        raise RenderError(found)
    return _number_links(html, open_places)


def to_html(mjml: str, language: str = "") -> str:
    """Plain MJML (placeholders resolved) to HTML, its inline styles inlined. Raises RenderError where it can’t be read."""
    if re.search(r"<mj-include\b", mjml, re.IGNORECASE):
        raise RenderError(
            [
                Problem(
                    "mj-include", "mj-include isn’t allowed: a kit’s pieces stand alone.", "Copy the part in."
                )
            ]
        )
    compiled = compile_mjml(mjml, language)
    html = _COMMENT.sub("", compiled.html)
    if not compiled.inline_styles.strip():
        return html
    inlined = css_inline.inline(
        html, inline_style_tags=False, keep_style_tags=True, keep_link_tags=True,
        load_remote_stylesheets=False, extra_css=compiled.inline_styles,
    )  # fmt: skip
    return str(inlined)


def _resolve(mjml: str, assets: Mapping[str, str]) -> str:
    missing = [name for name in _ASSET.findall(mjml) if name not in assets]
    if missing:
        raise RenderError(
            [Problem("asset-missing", f"There is no file {name}.", "Add it to assets/.") for name in missing]
        )
    return _ASSET.sub(lambda found: html_module.escape(assets[found.group()]), mjml)


def _number_links(html: str, open_places: Places) -> tuple[str, tuple[LinkTarget, ...]]:
    """Every web link becomes a numbered place; number 1 is the campaign's landing page wherever it is used."""
    numbers: dict[str, int] = {}

    def swap(found: re.Match[str]) -> str:
        if found.group(1).lower().startswith("<link"):
            return found.group()
        url = html_module.unescape(found.group(3)).strip()
        if not url.lower().startswith(("http://", "https://")):
            return found.group()
        number = numbers.setdefault(url, len(numbers) + 2)
        return f"{found.group(1)}{found.group(2)}{open_places.sentinel(Place(PlaceKind.CLICK, number=number))}{found.group(2)}"

    html = re.sub(
        r"(<[a-zA-Z][\w:-]*(?:\s(?:[^>\"']|\"[^\"]*\"|'[^']*')*?)?\shref=)([\"'])(.*?)\2",
        swap,
        html,
        flags=re.DOTALL,
    )
    landing = (
        [LinkTarget(1, "landing")] if Place(PlaceKind.CLICK, "landing", number=1) in open_places.known else []
    )
    return html, tuple(landing + [LinkTarget(n, "url", url) for url, n in numbers.items()])


def _finish(html: str, subject: str, preheader: str) -> str:
    """Title and preheader."""
    html = re.sub(
        r"<title>\s*</title>", lambda _: f"<title>{html_module.escape(subject)}</title>", html, count=1
    )
    if preheader:
        hidden = f"{_PREHEADER}{html_module.escape(preheader)}{_PADDING}</div>"
        html = re.sub(r"<body\b[^>]*>", lambda found: found.group() + hidden, html, count=1)
    return html


def _check_places(html: str, open_places: Places) -> None:
    """No place may stand where a value could not be escaped."""
    state = State()
    at = 0
    problems = []
    for found in open_places.pattern.finditer(html):
        state = markup_state.advance(state, html[at : found.start()])
        at = found.end()
        place = open_places.known[int(found.group(1))]
        fits = (Spot.TEXT, Spot.ATTRIBUTE) if place.kind is PlaceKind.FIELD else (Spot.TEXT, Spot.URL)
        if state.spot not in fits:
            problems.append(
                Problem(
                    "placeholder-spot",
                    f"{place.name or place.kind.value} can’t stand here.",
                    "Put it into text.",
                )
            )
    if any(len(line.encode()) > 990 for line in html.split("\n")):
        problems.append(
            Problem("line-length", "A line can’t be broken to fit a mail.", "Shorten long addresses.")
        )
    if problems:
        raise RenderError(problems)
