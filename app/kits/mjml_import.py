"""A public MJML template becomes a kit: what would break or mislead is mended, and all of it is listed for a person to look at.

Foreign placeholders stay literal unless they plainly mean a name or the unsubscribe link; a footer with what the law wants
is added; nothing is guessed silently.
"""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.kits.archive import KitError
from app.kits.check import check_files
from app.kits.findings import Severity
from app.kits.mjml_mend import mend
from app.kits.mjml_read import read_foreign, refuse_faults
from app.lazy import lazy
from app.render import unsafe

if TYPE_CHECKING:
    from PIL import Image as pillow  # noqa: N813 - the module, by what it is
else:
    pillow = lazy("PIL.Image")

_FOREIGN = re.compile(
    r"\{\{\{?\s*(?P<curly>[^{}<\0]{0,80}?)\s*\}?\}\}|\*\|(?P<star>[\w:.=, ]{1,60})\|\*|\[\[(?P<square>[\w .:-]{1,60})\]\]"
    r"|%%(?P<percent>[\w .:-]{1,60})%%|[$#]\{(?P<dollar>[\w .:|-]{1,60})\}|<%[=-]?\s*(?P<erb>[\w .:-]{1,60}?)\s*%>"
    r"|@@(?P<at>\w{1,60})@@|\{\$(?P<php>\w{1,60})\}|(?<![{\w$#])\{(?P<single>[a-zA-Z]\w{1,40})\}(?!\})"
)
_OPENERS = re.compile(r"\{\{|\{%|\{#")
_MEANING = {
    "firstname": '{{ contact.first_name | default("there") }}', "fname": '{{ contact.first_name | default("there") }}',
    "givenname": '{{ contact.first_name | default("there") }}', "lastname": "{{ contact.last_name }}",
    "lname": "{{ contact.last_name }}", "surname": "{{ contact.last_name }}", "jobtitle": "{{ contact.job_title }}",
}  # fmt: skip
STAND_IN = "assets/stand-in.png"
_UNSUBSCRIBE = re.compile(r"unsub|optout")
_PAIRED = r"<{tag}\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?:/>|>.*?</{tag}\s*>|>)"
_FOOTER = """    <mj-section background-color="#ffffff" padding="24px 0">
      <mj-column>
        <mj-text font-size="13px" line-height="20px" color="#51606b" align="center" font-family="Arial, Helvetica, sans-serif">
          {{ why }} Sent by {{ partner.name }} together with {{ vendor.name }}.<br />
          {{ partner.postal_address }}<br />
          <a href="{{ link.unsubscribe }}" style="color:#51606b">Unsubscribe with one click</a>
        </mj-text>
      </mj-column>
    </mj-section>
"""


@dataclass(frozen=True)
class Note:
    """Something a person should look at, with its line in the kit's file (0: the whole file)."""

    line: int
    text: str


@dataclass
class _Import:
    source: str
    notes: list[tuple[str, str]] = field(default_factory=list)
    has_stand_in: bool = False

    def note(self, text: str, mark: str = "") -> None:
        """Remember a note; its line is where `mark` first stands in the end."""
        if (text, mark) not in self.notes:
            self.notes.append((text, mark))

    def swap(self, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]) -> None:
        self.source = pattern.sub(change, self.source)


def import_mjml(data: bytes, name: str) -> tuple[dict[str, bytes], list[Note]]:
    """The files of a kit around one MJML template, and what to look at. Raises KitError if it is no MJML.

    `name` is the kit's title; slug and file names derive from it.
    """
    job = _Import(read_foreign(data, name))
    _remove_forbidden(job)
    _placeholders(job)
    refuse_faults(job.source, name)
    job.source, gone = mend(job.source)
    for text in gone:
        job.note(text)
    _pictures(job)
    _links(job)
    _fonts(job)
    preheader = _preview(job)
    subject = _title(job) or name
    job.source = re.sub(r"[ \t]*</mj-body\s*>", lambda found: _FOOTER + "  </mj-body>", job.source, count=1)
    job.note(
        "The footer with address, reason and unsubscribe link was added: make it fit the design.",
        _FOOTER.split("\n")[3].strip(),
    )
    files = _files(job.source, name, subject, preheader)
    if job.has_stand_in:
        files[STAND_IN] = _grey()
    notes = [Note(_line(job.source, mark), text) for text, mark in job.notes]
    files["LOOK.md"] = _look(notes, name).encode()
    _refuse_errors(files)
    return files, notes


def _refuse_errors(files: Mapping[str, bytes]) -> None:
    """Whatever could not be mended is said, with its line, instead of a kit that can't be published."""
    for found in check_files(files)[1]:
        if found.severity is Severity.ERROR:
            raise KitError(found.message, found.file, found.line, found.mend, found.rule)


def _remove_forbidden(job: _Import) -> None:
    """Scripts and the like, whole: what is left of them would be words. Handlers and odd addresses go later, one by one."""
    for tag in ("script", "iframe", "object", "embed", "applet", "mj-include"):

        def gone(found: re.Match[str], tag: str = tag) -> str:
            job.note(
                f"<{tag}> can’t be part of a kit and was removed: {' '.join(found.group().split())[:80]}"
            )
            return "\n" * found.group().count("\n")

        job.swap(re.compile(_PAIRED.format(tag=tag), re.DOTALL | re.IGNORECASE), gone)


def _placeholders(job: _Import) -> None:
    """Foreign placeholders get a meaning where it is plain; everything else of their kind is kept from being read as ours."""

    def change(found: re.Match[str]) -> str:
        whole = found.group()
        name = next((g for g in found.groups() if g is not None), "")
        meaning = _MEANING.get(
            re.sub(r"[\W_]", "", name).lower().removeprefix("contact").removeprefix("merge")
        )
        if meaning:
            job.note(f"{whole} became {meaning}: check that this is what it meant.", meaning)
            return f"\0{meaning}\0"
        job.note(
            f"{whole} is a placeholder of another system and would be sent as it stands: replace it.",
            _literal(whole),
        )
        return whole

    def link(found: re.Match[str]) -> str:
        address = found.group("double") or found.group("single") or ""
        if not (_FOREIGN.search(address) and _UNSUBSCRIBE.search(address.lower())):
            return found.group()
        job.note(f"{address} became the unsubscribe link.", "{{ link.unsubscribe }}")
        return f'{found.group("name")}"\0{{{{ link.unsubscribe }}}}\0"'

    job.swap(re.compile(r"(?P<name>\bhref\s*=\s*)(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')"), link)
    markup = re.compile(rf"\0.*?\0|<(?!%)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>|{_FOREIGN.pattern}", re.DOTALL)

    def outside(found: re.Match[str]) -> str:
        if found.group().startswith("\0"):
            return found.group()
        if not found.group().startswith("<"):
            return change(found)
        for inner in _FOREIGN.finditer(found.group()):
            job.note(
                f"{inner.group()} inside a tag is a placeholder of another system: replace it.",
                _literal(inner.group()),
            )
        return found.group()

    job.swap(markup, outside)
    job.source = "".join(part if at % 2 else _literal(part) for at, part in enumerate(job.source.split("\0")))


def _literal(text: str) -> str:
    return _OPENERS.sub(lambda found: f"{{% raw %}}{found.group()}{{% endraw %}}", text)


def _pictures(job: _Import) -> None:
    def change(found: re.Match[str]) -> str:
        tag, name = found.group(), found.group("tag").lower()
        if found.group("close") or name not in ("mj-image", "img", "mj-carousel-image"):
            return tag
        given = {key: value for key, value, _ in unsafe.attributes(found.group("rest"))}
        source = given.get("src", "")
        if "alt" not in given:
            tag = f'{tag[: 1 + len(name)]} alt=""{tag[1 + len(name) :]}'
            job.note(
                f"A picture had no description and got an empty one; describe it if it tells something: {source[:100]}",
                source,
            )
        if source.startswith(("http://", "https://")):
            job.note(
                f"This picture lies on somebody else’s server; put a copy into assets/: {source[:100]}",
                source.partition("://")[2],
            )
        if not re.match(r"\s*(?:https?://|data:image/|\{)", source):
            return _stand_in(job, tag, source)
        return re.sub(r"(\bsrc\s*=\s*[\"'])http://", r"\1https://", tag)

    job.swap(unsafe.TAG, change)


def _stand_in(job: _Import, tag: str, source: str) -> str:
    """A picture that lay beside the template, or was never named: a grey field keeps its place."""
    job.has_stand_in = True
    said = f"{source[:100]} was not in the template" if source else "A picture names no file"
    job.note(f"{said}: put the picture into assets/ instead of the grey field.", STAND_IN)
    bare = re.sub(r"\s+src(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?(?=[\s/>])", "", tag)
    return re.sub(r"^<[\w-]+", lambda found: f'{found.group()} src="{STAND_IN}"', bare)


def _grey() -> bytes:
    out = io.BytesIO()
    pillow.new("RGB", (1200, 600), "#d9dee2").save(out, "PNG", optimize=True)
    return out.getvalue()


def _links(job: _Import) -> None:
    targets = re.findall(r"\bhref\s*=\s*[\"']([^\"']*)[\"']", job.source)
    for target in dict.fromkeys(targets):
        if target.strip() in ("", "#") or not (
            "://" in target or target.startswith(("{{", "mailto:", "tel:"))
        ):
            job.note(
                f"This link leads nowhere: “{target[:60]}”. Use {{{{ link.landing }}}} or an address.",
                f'href="{target}"',
            )
    hosts = sorted({re.sub(r"^https?://([^/?#]+).*", r"\1", t) for t in targets if t.startswith("http")})
    if hosts:
        job.note("Links lead to: " + ", ".join(hosts[:12]) + ". Make them yours.")


def _fonts(job: _Import) -> None:
    urls = re.findall(
        r"<mj-font\b[^>]*\bhref\s*=\s*[\"']([^\"']*)|@import\s+(?:url\()?[\"']?([^\"');]+)", job.source
    )
    for url in dict.fromkeys(first or second for first, second in urls):
        job.note(f"Reading the mail fetches a font from somebody else’s server: {url[:80]}", url)


def _preview(job: _Import) -> str:
    found = re.search(r"<mj-preview\b[^>]*>(.*?)</mj-preview>", job.source, re.DOTALL)
    if not found:
        job.note("There was no preheader: write the line that stands after the subject in the inbox.")
        return ""
    job.source = job.source.replace(found.group(), "", 1)
    return " ".join(re.sub(r"<[^>]*>", "", found.group(1)).split())


def _title(job: _Import) -> str:
    found = re.search(r"<mj-title\b[^>]*>(.*?)</mj-title>", job.source, re.DOTALL)
    plain = " ".join(re.sub(r"<[^>]*>|\{%.*?%\}|\{\{.*?\}\}", "", found.group(1)).split()) if found else ""
    job.note("The subject is a slot with a made-up default: write a good one.")
    return plain[:60]


def _files(source: str, name: str, subject: str, preheader: str) -> dict[str, bytes]:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "imported"
    toml = f"""format = 1
name = {_quoted(name)}
slug = "{slug}"
version = "0.1"
summary = {_quoted(f"{name}, made from a public MJML template.")}
languages = ["en"]

[[slots]]
name = "subject"
type = "text"
label = "Subject line"
help = "Shown before the mail is opened. Short and plain works best."
default = {_quoted(subject)}
required = true
max_length = 78

[[emails]]
name = "mail"
title = {_quoted(name)}
file = "emails/{slug}.mjml"
subject = "{{{{ slot.subject }}}}"
"""
    toml += f"preheader = {_quoted(preheader)}\n" if preheader else ""
    return {"kit.toml": toml.encode(), f"emails/{slug}.mjml": source.encode()}


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", " ", escaped) + '"'


def _line(source: str, mark: str) -> int:
    at = source.find(mark) if mark else -1
    return source.count("\n", 0, at) + 1 if at >= 0 else 0


def _look(notes: list[Note], name: str) -> str:
    rows = "\n".join(f"- {f'line {n.line}: ' if n.line else ''}{n.text}" for n in notes)
    return f"# What to look at in {name}\n\nBefore you publish it:\n\n{rows}\n"
