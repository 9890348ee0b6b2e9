"""From a whole MJML source to a page of HTML: head, body, and the skeleton that mail programs need around them."""

import re
from dataclasses import dataclass
from typing import ClassVar

from app.render.errors import Problem, RenderError
from app.render.mjml import accordion, carousel, column, content, hero, image, navbar, section, social
from app.render.mjml.element import Element, Room, Sheet
from app.render.mjml.head import read_head, resolve
from app.render.mjml.html_attributes import set_attributes
from app.render.mjml.parse import parse
from app.render.mjml.values import number, style, written

KINDS = (
    accordion,
    carousel,
    column,
    content,
    hero,
    image,
    navbar,
    section,
    social,
)  # what is imported can be drawn
_FONT = re.compile(r"font-family:([^;\"}]*)", re.IGNORECASE)
_MERGE = re.compile(r"<!\[endif]-->\s*?<!--\[if mso \| IE]>")
_SKELETON = """<!doctype html>
<html lang="{language}" dir="{direction}" xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">
<head>
<title>{title}</title>
<!--[if !mso]><!-->
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<!--<![endif]-->
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style type="text/css">
#outlook a {{ padding:0; }}
body {{ margin:0;padding:0;-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%; }}
table, td {{ border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt; }}
img {{ border:0;height:auto;line-height:100%; outline:none;text-decoration:none;-ms-interpolation-mode:bicubic; }}
p {{ display:block;margin:13px 0; }}
</style>
<!--[if mso]>
<noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>
<![endif]-->
<!--[if lte mso 11]>
<style type="text/css">.mj-outlook-group-fix {{ width:100% !important; }}</style>
<![endif]-->
{head}
</head>
<body style="{body}">
{content}
</body>
</html>
"""


@dataclass(frozen=True)
class Compiled:
    """A page of HTML, and the styles its author wants inlined (`<mj-style inline="inline">`), not yet inlined."""

    html: str
    inline_styles: str


class Body(Element):
    """mj-body: everything a reader sees."""

    tag = "mj-body"
    defaults: ClassVar[dict[str, str]] = {"width": "600px"}

    def inside(self) -> Room:
        return Room(number(self.get("width")) or 600)

    def render(self) -> str:
        sheet = self.sheet
        sheet.background = self.text("background-color")
        attributes = written(
            {"aria-label": sheet.title.replace('"', "&quot;") or None, "aria-roledescription": "email",
             "class": self.get("css-class"), "style": style(self.some("background-color")), "role": "article",
             "lang": sheet.language, "dir": sheet.direction}
        )  # fmt: skip
        return f"<div{attributes}>{self.children()}</div>"


def compile_mjml(source: str, language: str = "") -> Compiled:
    """Plain MJML (placeholders resolved) as HTML. Raises RenderError with line and column where it can't be read.

    `language` is that of a mail that names none; for one that runs from right to left, what the mail leaves open is mirrored.
    """
    mjml = parse(source)
    body = mjml.find("mj-body")
    if body is None:
        raise RenderError(
            [
                Problem(
                    "mjml", "There is no <mj-body>.", "Put the mail into <mj-body>.", mjml.line, mjml.column
                )
            ]
        )
    sheet = read_head(mjml, language)
    resolve(sheet, body)
    drawn = Body(body, sheet, Room(), {}).render()
    if sheet.html_attributes:
        drawn = set_attributes(drawn, sheet.html_attributes)
    start = [
        n.content for n in mjml.children if n.tag == "mj-raw" and n.attributes.get("position") == "file-start"
    ]
    page = _SKELETON.format(
        language=sheet.language, direction=sheet.direction, title=sheet.title, content=drawn, head=_head(sheet, drawn),
        body=style({"word-spacing": "normal", "background-color": sheet.background or None}),
    )  # fmt: skip
    return Compiled(_MERGE.sub("", "\n".join([*start, page])), "".join(sheet.inline_styles))


def _head(sheet: Sheet, drawn: str) -> str:
    parts = [_fonts(sheet, drawn), _widths(sheet)]
    # Styles of single components stand before those of kinds of components, as in the reference.
    components = sorted(sheet.component_styles.items(), key=lambda item: item[0].startswith("mj-"))
    parts += [_style([text for _, text in components]), _style(sheet.styles), *sheet.raw]
    return "\n".join(part for part in parts if part)


def _style(texts: list[str]) -> str:
    joined = "\n".join(texts)
    return f'<style type="text/css">\n{joined}\n</style>' if texts else ""


def _fonts(sheet: Sheet, drawn: str) -> str:
    """Links to the fonts of known names that the mail uses."""
    used = "\n".join(_FONT.findall(drawn) + _FONT.findall("".join(sheet.inline_styles))).lower()
    urls = [url for name, url in sheet.fonts.items() if name and name.lower() in used]
    if not urls:
        return ""
    links = "\n".join(f'<link href="{url}" rel="stylesheet" type="text/css">' for url in urls)
    imports = "\n".join(f"@import url({url});" for url in urls)
    return f'<!--[if !mso]><!-->\n{links}\n<style type="text/css">\n{imports}\n</style>\n<!--<![endif]-->'


def _widths(sheet: Sheet) -> str:
    """The widths of columns: side by side from the breakpoint on, and always in Thunderbird."""
    if not sheet.widths:
        return ""
    rules = [f".{name} {rule}" for name, rule in sheet.widths.items()]
    wide = "\n".join(rules)
    thunderbird = "\n".join(f".moz-text-html {rule}" for rule in rules)
    return (
        f'<style type="text/css">\n@media only screen and (min-width:{sheet.breakpoint}) {{\n{wide}\n}}\n</style>\n'
        f'<style media="screen and (min-width:{sheet.breakpoint})">\n{thunderbird}\n</style>'
    )
