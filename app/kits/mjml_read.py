"""A foreign MJML file as text that can be worked on: its encoding, its case, what older versions and editors left in it.

Line breaks stay where they were, so that a refusal names the line of the file that was given.
"""

import re

from app.kits.archive import KitError
from app.kits.check_markup import read_markup
from app.render import unsafe

MAX_BYTES = 1_000_000
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>|\s*<!doctype\b[^>]*>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CONTAINER = re.compile(r"<mj-container\b(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_BARE_NUMBER = re.compile(
    r"(\s(?:(?:inner-)?padding(?:-\w+)?|(?:font|icon)-size|(?:border-|icon-)?width|border-radius|height|letter-spacing)=[\"'])(\d+)(?=[\"'])"
)


def read_foreign(data: bytes, name: str) -> str:
    """The template's text, tags in small letters. Raises KitError, with the line where there is one, if it is no MJML.

    `name` is what the file is called in the refusal.
    """
    if len(data) > MAX_BYTES:
        raise KitError("This file is larger than 1 MB, which no mail is.", name, mend="Give one mail’s MJML.")
    text = _decoded(data, name)
    if not re.search(r"<mj-body\b", _COMMENT.sub("", text), re.IGNORECASE):
        raise KitError(
            "This is no MJML template: it has no mj-body.", name, mend="Give a file that begins with <mjml>."
        )
    text = _DECLARATION.sub(lambda found: "\n" * found.group().count("\n"), text)
    text = unsafe.TAG.sub(_small, _CDATA.sub(lambda found: found.group(1), text))
    if not re.search(r"<mjml\b", text):
        text = f"<mjml>{text}</mjml>"
    return _without_container(text)


def _decoded(data: bytes, name: str) -> str:
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise KitError("This file is not UTF-8.", name, line, "Save it as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _small(found: re.Match[str]) -> str:
    """A component's tag and attribute names in small letters; HTML stays as it is."""
    tag = found.group("tag").lower()
    if not tag.startswith("mj"):
        return found.group()
    rest = re.sub(
        r"(?:\"[^\"]*\"|'[^']*')|[^\s=\"'/]+(?=\s*=)",
        lambda part: part.group() if part.group()[0] in "\"'" else part.group().lower(),
        found.group("rest"),
    )
    return f"<{found.group('close')}{tag}{rest}>"


def _without_container(text: str) -> str:
    """MJML 3 put everything into mj-container and wrote sizes without px."""
    found = _CONTAINER.search(text)
    if not found:
        return text
    rest = found.group("rest").rstrip("/")
    text = re.sub(r"</?mj-container\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", "", text)
    text = re.sub(r"<mj-body\b", lambda body: body.group() + rest, text, count=1)
    return _BARE_NUMBER.sub(r"\1\2px", text)


def refuse_faults(source: str, name: str) -> None:
    """Raise KitError for the first tag that is never closed or closes nothing, with its line."""
    for fault in read_markup(source).faults:
        line = source.count("\n", 0, fault.start) + 1
        raise KitError(fault.message, name, line, fault.mend, "mjml")
