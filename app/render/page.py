"""A landing page and its thank-you page: the kit's part in the product's frame, with both brands and the form.

`compile_page` runs once when a page is published; `CompiledPage.render` puts in what one visit needs: hidden fields,
what was typed, and errors beside the fields.
"""

import dataclasses
import html as html_module
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from app.lazy import lazy
from app.render import places, template, unsafe
from app.render.context import Names, Partner, Vendor
from app.render.direction import is_right_to_left
from app.render.email import names_of
from app.render.errors import Problem, RenderError
from app.render.filters import mix, readable_on
from app.render.form import Consent, FormSpec, NextStep, Thanks
from app.render.page_form import draw_form
from app.render.places import Place, Places
from app.render.plain import from_plain, to_plain

if TYPE_CHECKING:
    import nh3
else:
    nh3 = lazy("nh3")

TAGS = {"a", "abbr", "article", "aside", "b", "blockquote", "br", "caption", "cite", "code", "dd", "details", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "header", "hr", "i", "img", "li", "mark", "ol", "p", "pre", "q", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul"}  # fmt: skip
_ANY = {"class", "id", "role", "aria-label", "aria-labelledby", "aria-hidden", "lang", "title"}
ATTRIBUTES = {
    "*": _ANY, "a": {"href"}, "img": {"src", "alt", "width", "height", "loading"}, "details": {"open"},
    "ol": {"start"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}, "time": {"datetime"},
}  # fmt: skip
_ASSET = re.compile(r"(?<=[\"'])assets/[\w./@+-]+(?=[\"'])")
FORM = re.compile(r"\{\{-?\s*form\s*-?\}\}")


@dataclass(frozen=True)
class PageSource:
    """The kit's part of a landing page; `assets` maps paths inside the kit to the urls they are served from."""

    html: str
    title: str
    description: str
    assets: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"


@dataclass(frozen=True)
class CompiledPage:
    """A page ready to be served; every text is filled, `before` and `after` are safe HTML around the form."""

    title: str
    description: str
    language: str
    before: str
    after: str
    form: FormSpec
    partner: Partner
    vendor: Vendor
    mark: str
    places: tuple[Place, ...]

    def to_plain(self) -> dict[str, object]:
        """JSON-able, for the database."""
        return {f.name: to_plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_plain(cls, data: Mapping[str, object]) -> "CompiledPage":
        """The reverse of `to_plain`."""
        page = from_plain(cls, data)
        return cast(CompiledPage, page)

    def render(
        self,
        action_url: str,
        *,
        hidden: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        stylesheets: Sequence[str] = (),
        privacy_url: str = "",
    ) -> str:
        """The page for one visit. `values` is what was typed, `errors` a sentence by field name (the form's own under "")."""
        form = draw_form(self.form, action_url, hidden or {}, values or {}, errors or {}, privacy_url)
        title = f"{self.title} – {self.partner.name}"
        return self._document(
            ("Mend: " if errors else "") + title,
            f"{self.before}{form}{self.after}",
            stylesheets,
            privacy_url,
            "top",
        )

    def thanks(
        self,
        submitted: Mapping[str, str],
        *,
        stylesheets: Sequence[str] = (),
        privacy_url: str = "",
        extra_html: str = "",
    ) -> str:
        """The thank-you page. `extra_html` is the product's own, already safe (a way to withdraw the request)."""
        spec = self.form.thanks
        rows = "".join(
            f"<li><b>{self._said(s.when, submitted)}</b><span>{self._said(s.text, submitted)}</span></li>"
            for s in spec.steps
        )
        steps = f'<ol class="next">{rows}</ol>' if rows else ""
        text = f'<p class="sub">{self._said(spec.text, submitted)}</p>' if spec.text else ""
        main = f'<div class="wrap"><div class="thanks"><h1>{self._said(spec.title, submitted)}</h1>{text}{steps}{extra_html}</div></div>'
        return self._document(
            f"Thank you – {self.partner.name}", main, stylesheets, privacy_url, "top", indexed=False
        )

    def _said(self, text: str, submitted: Mapping[str, str]) -> str:
        def value(place: Place) -> str:
            name, _, first = place.name.partition("|")
            given = " ".join((submitted.get(name) or "").split())[:200]
            return (given.split(" ")[0] if first else given) or place.default

        return html_module.escape(places.fill(text, self.mark, self.places, value))

    def _document(
        self,
        title: str,
        main: str,
        stylesheets: Sequence[str],
        privacy_url: str,
        anchor: str,
        *,
        indexed: bool = True,
    ) -> str:
        e = html_module.escape
        links = "".join(f'<link rel="stylesheet" href="{e(url)}">\n' for url in stylesheets)
        links += f'<link rel="icon" href="{e(self.partner.logo_url or "data:,")}">\n'  # else browsers ask for one we don't have
        described = (
            f'<meta name="description" content="{e(self.description)}">'
            if indexed and self.description
            else ""
        )
        direction = ' dir="rtl"' if is_right_to_left(self.language) else ""
        robots = "" if indexed else '<meta name="robots" content="noindex">'
        return (
            f'<!doctype html>\n<html lang="{e(self.language)}"{direction}>\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{e(title)}</title>\n{described}{robots}\n{links}</head>\n<body>\n{self._header()}\n"
            f'<main id="{anchor}">\n{main}\n</main>\n{self._footer(privacy_url)}\n</body>\n</html>\n'
        )

    def _header(self) -> str:
        e, partner, vendor = html_module.escape, self.partner, self.vendor
        own = f'<img class="l" src="{e(partner.logo_url)}" alt="">' if partner.logo_url else ""
        other = f'<img class="l" src="{e(vendor.logo_url)}" alt="">' if vendor.logo_url else ""
        return (
            f'<header class="wrap top"><a class="brand" href="#top">{own} {e(partner.name)}</a>'
            f'<span class="with">with {other} {e(vendor.name)}</span></header>'
        )

    def _footer(self, privacy_url: str) -> str:
        e, partner, vendor = html_module.escape, self.partner, self.vendor
        own = " · ".join(
            e(p) for p in (partner.legal_name or partner.name, partner.postal_address, partner.phone) if p
        )
        behind = ", ".join(p for p in (vendor.legal_name or vendor.name, vendor.city) if p)
        privacy = f'<a href="{e(privacy_url)}">Privacy</a> · ' if privacy_url else ""
        return f'<footer class="wrap foot"><p>{own}</p><p>{privacy}With {e(behind)}</p></footer>'


def compile_page(
    source: PageSource,
    slots: Mapping[str, object],
    partner: Partner,
    vendor: Vendor,
    form: FormSpec,
    *,
    mark_missing: bool = False,
) -> CompiledPage:
    """Fill a page's templates once. Raises RenderError, as `compile_email` does, also where `{{ form }}` is missing."""
    texts = [
        source.html,
        source.title,
        source.description,
        repr(form),
        repr(dict(slots)),
        repr(partner),
        repr(vendor),
    ]
    open_places = Places(places.make_mark(texts))
    filler = _Filler(
        open_places, template.Data(slots, partner, vendor, {}), slots, source.language, mark_missing
    )
    parts = FORM.split(source.html)
    if len(parts) != 2:
        raise RenderError(
            [Problem("form", "The page has to say once where its form stands.", "Write {{ form }} there.")]
        )
    cut = f"{open_places.mark}form"
    html = filler.fill(f"{parts[0]}{cut}{parts[1]}", page_names(slots, form, thanks=False), markup=True)
    before, _, after = _safe(html, source.assets).partition(cut)
    return CompiledPage(
        filler.line(source.title, form), filler.line(source.description, form), source.language, before, after,
        _filled_form(form, filler), partner, vendor, open_places.mark, tuple(open_places.known),
    )  # fmt: skip


def render_page(
    source: PageSource,
    slots: Mapping[str, object],
    partner: Partner,
    vendor: Vendor,
    form: FormSpec,
    action_url: str,
    hidden: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    stylesheets: Sequence[str] = (),
    privacy_url: str = "",
    mark_missing: bool = False,
) -> str:
    """Compile and render in one go, for previews."""
    page = compile_page(source, slots, partner, vendor, form, mark_missing=mark_missing)
    return page.render(
        action_url,
        hidden=hidden,
        values=values,
        errors=errors,
        stylesheets=stylesheets,
        privacy_url=privacy_url,
    )


def page_names(slots: Mapping[str, object], form: FormSpec, *, thanks: bool) -> Names:
    """What a page's templates may name: no contact and no link, and what was sent only on the thank-you page."""
    names = names_of(slots, contact=False, links=())
    submitted = tuple(f.name for f in form.fields) if thanks else ()
    return dataclasses.replace(names, plain=(), submitted=submitted)


def brand_css(partner: Partner) -> str:
    """The small stylesheet of a partner's public pages: its colours, darkened where white text could not be read on them."""
    brand, call = str(readable_on(partner.primary_color)), str(readable_on(partner.call_color))
    return f":root {{ --brand: {brand}; --call: {call}; --call-deep: {mix(call, '#000000', 0.2)}; }}\n"


@dataclass(frozen=True)
class _Filler:
    places: Places
    data: template.Data
    slots: Mapping[str, object]
    language: str
    mark_missing: bool

    def fill(self, source: str, names: Names, *, markup: bool) -> str:
        parsed = template.parse(source, names, self.places, markup=markup, language=self.language)
        gaps = template.missing_slots(parsed, self.data)
        if gaps and not self.mark_missing:
            problems = [
                Problem("slot-missing", f"{str(g)[:1].upper()}{str(g)[1:]}.", "Fill it in.") for g in gaps
            ]
            raise RenderError(problems)
        return template.evaluate(parsed, self.data)

    def line(self, source: str, form: FormSpec, *, thanks: bool = False) -> str:
        return " ".join(self.fill(source, page_names(self.slots, form, thanks=thanks), markup=False).split())


def _filled_form(form: FormSpec, filler: _Filler) -> FormSpec:
    """The form with every text filled; what was sent stays open in the thank-you texts."""

    def said(text: str) -> str:
        return filler.line(text, form, thanks=True)

    thanks = Thanks(
        said(form.thanks.title),
        said(form.thanks.text),
        tuple(NextStep(said(s.when), said(s.text)) for s in form.thanks.steps),
    )
    return dataclasses.replace(
        form,
        consents=tuple(Consent(c.name, filler.line(c.text, form), c.required) for c in form.consents),
        title=filler.line(form.title, form),
        intro=filler.line(form.intro, form),
        button=filler.line(form.button, form),
        note=filler.line(form.note, form),
        thanks=thanks,
    )


def _safe(html: str, assets: Mapping[str, str]) -> str:
    """The kit's part with assets resolved, through nh3: tags and attributes on a list, no style, no script."""
    missing = [name for name in _ASSET.findall(html) if name not in assets]
    if missing:
        raise RenderError(
            [Problem("asset-missing", f"There is no file {name}.", "Add it to assets/.") for name in missing]
        )
    resolved = _ASSET.sub(lambda found: html_module.escape(assets[found.group()]), html)
    found = list(unsafe.problems(resolved))
    if found:
        raise RenderError(found)
    return nh3.clean(
        resolved,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel=None,
    )
