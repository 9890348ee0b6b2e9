"""The check of how a mail looks once it is filled: every text on its background, also in dark mode and with colours partners may have.

Each run of text carries a mark with its place in the source through the compiler, so that a finding can point at it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.kits.check_markup import BLOCK, Element, Markup
from app.kits.contrast import Pair, pairs
from app.kits.findings import Report
from app.kits.mjml_schema import components, holding_html
from app.kits.pieces import KitSource, SlotType
from app.kits.samples import PARTNER, VENDOR, WHY
from app.render.context import Partner
from app.render.email import to_html
from app.render.errors import RenderError
from app.render.places import Places
from app.render.template import Data, Template, evaluate, parse

HARD = (
    ("#fff3b0", "#ffe14d"), ("#0a0a0a", "#101820"), ("#8a8a8a", "#7a8f3c"), ("#f5f5f5", "#1b5e20"),
    ("#2b1055", "#ffd6e7"), ("#e0245e", "#00b3a4"),
)  # fmt: skip
"""Main and call colours that partners may have: very light, very dark, middling, and both ends together."""

_MARK = re.compile(r"tlat(\d+)z")
_INLINE = re.compile(
    r"<mj-style\b[^>]*\binline\s*=\s*[\"']inline[\"'][^>]*>(.*?)</mj-style>", re.DOTALL | re.IGNORECASE
)
_LOGO = "https://harbour-it.example/logo.png"
_UNMARKED = frozenset({"style", "script", "title", "textarea", "select", "option"})


def check_look(
    kit: KitSource, markup: Markup, language: str, slots: Mapping[str, object], report: Report
) -> None:
    """Contrast findings of one email: with a usual brand, with hard ones, and in dark mode. Silent where it can't be compiled."""
    marked = _marked(markup)
    places = Places("tllook")
    try:
        template = parse(marked, kit.names(), places, language=language)
    except RenderError:
        return
    said: set[tuple[str, str, str]] = set()
    plain = _html(template, slots, PARTNER)
    usual = _weak(plain)
    _say(usual, "contrast", report, said)
    known = set(usual)
    for at, (main, call) in enumerate(HARD if _is_coloured(kit, markup.source) else ()):
        partner = replace(PARTNER, primary_color=main, call_color=call, logo_url=_LOGO if at % 2 else "")
        weak = _weak(_html(template, _painted(kit, slots, main), partner))
        _say({k: v for k, v in weak.items() if k not in known}, "contrast-brand", report, said, main, call)
        known |= set(weak)
    if _knows_dark(plain):
        _say(_weak(plain, dark=True), "contrast-dark", report, said)


def _is_coloured(kit: KitSource, source: str) -> bool:
    """Whether partners' colours show in it."""
    slots = [slot.name for slot in kit.slots if slot.type is SlotType.COLOUR]
    return bool(re.search(r"\b(primary_color|call_color)\b", source)) or any(
        f"slot.{name}" in source for name in slots
    )


def _painted(kit: KitSource, slots: Mapping[str, object], colour: str) -> dict[str, object]:
    return {**slots, **{slot.name: colour for slot in kit.slots if slot.type is SlotType.COLOUR}}


def _html(template: Template, slots: Mapping[str, object], partner: Partner) -> str:
    """The mail with its marks; empty where it can't be made, which has a finding of its own."""
    try:
        mjml = evaluate(template, Data(slots, partner, VENDOR, {"why": WHY}))
        styles = "\n".join(_INLINE.findall(mjml))
        html = to_html(_INLINE.sub("", mjml))
    except RenderError:
        return ""
    if styles.strip():
        html = re.sub(r"</head>", lambda end: f"<style>{styles}</style>{end[0]}", html, count=1)
    return html


def _weak(html: str, *, dark: bool = False) -> dict[int, Pair]:
    """Texts that can't be read by their offset in the source, each with the worst pair it makes."""
    if not html:
        return {}
    found: dict[int, Pair] = {}
    offset = 0
    for pair in pairs(html, dark=dark):
        mark = _MARK.search(pair.sample)
        offset = int(mark[1]) if mark else offset
        clean = replace(pair, sample=" ".join(_MARK.sub(" ", pair.sample).split()))
        if not pair.is_readable and (offset not in found or pair.ratio < found[offset].ratio):
            found[offset] = clean
    return found


def _knows_dark(html: str) -> bool:
    """Whether the mail says that it suits dark mode, so that programs show it on a dark ground with its own colours."""
    schemes = re.findall(
        r"<meta\b[^>]*\bname\s*=\s*[\"']?(?:supported-)?color-schemes?\b[^>]*>", html, re.IGNORECASE
    )
    return any("dark" in meta.lower() for meta in schemes) or bool(
        re.search(r"color-scheme\s*:[^;}]*\bdark", html)
    )


def _say(
    weak: Mapping[int, Pair],
    rule: str,
    report: Report,
    said: set[tuple[str, str, str]],
    main: str = "",
    call: str = "",
) -> None:
    """One finding for each pair of colours, at its first text, with the lines of the others."""
    groups: dict[tuple[str, str], list[int]] = {}
    for offset, pair in sorted(weak.items()):
        colours = ("", str(offset)) if rule == "contrast-brand" else (pair.text, pair.ground)
        groups.setdefault(colours, []).append(offset)
    for colours, offsets in groups.items():
        if (rule, *colours) in said or ("contrast", *colours) in said:
            continue
        said.add((rule, *colours))
        pair = weak[offsets[0]]
        lines = sorted(
            {report.places.at(offset)[0] for offset in offsets[1:]} - {report.places.at(offsets[0])[0]}
        )
        also = f" Also on line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}." if lines else ""
        brand = (
            f"With a partner’s colours {main} and {call} "
            if main
            else "In dark mode "
            if rule == "contrast-dark"
            else ""
        )
        pictures = " where pictures are off" if pair.is_over_picture else ""
        message = (
            f"{brand}{pair.text} on {pair.ground} reaches {pair.ratio:.1f} to 1{pictures}; "
            f"this text needs {pair.needed:g} to 1.{also}"
        )
        report.add(rule, offsets[0], message, _MENDS[rule])


_MENDS = {
    "contrast": "Choose a darker or lighter colour, or a larger size.",
    "contrast-brand": "Use {{ partner.… | readable_on('#ground') }} for text, {{ partner.… | text_on }} for text on it.",
    "contrast-dark": "Give text and background colours of their own in @media (prefers-color-scheme: dark).",
}


def _marked(markup: Markup) -> str:
    """The source with a mark before every run of text that people read."""
    spots = sorted(spot for element in markup.elements() for spot in _runs(element, markup))
    out, at = [], 0
    for spot in spots:
        out += [markup.source[at:spot], f"tlat{spot}z "]
        at = spot
    return "".join(out) + markup.source[at:]


def _runs(element: Element, markup: Markup) -> Iterator[int]:
    """Where text begins directly inside this element, if it is one that people read."""
    known = components().get(element.tag)
    is_html = element.tag in holding_html() or not element.around.isdisjoint(holding_html())
    if not is_html or element.tag in _UNMARKED or (known and not known.is_ending):
        return
    if "mj-head" in element.around or element.tag == "mj-style":
        return
    at = element.inner
    for child in [*element.children, None]:
        end = child.start if child else element.end
        for text in re.finditer(rf"[^{BLOCK}]+", markup.masked[at:end]):
            if (first := re.search(r"(?:^|>)\s*([^\s<])", text[0])) is not None:
                yield at + text.start() + first.start(1)
        at = child.end if child else end
