"""A kit's zip read, checked and made ready to be kept: nothing is stored here, and nothing of what is refused ever is."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from app.assets.documents import check_pdf
from app.assets.images import clean_image
from app.errors import Invalid
from app.kits.archive import KitError
from app.kits.check import check_files
from app.kits.excerpt import with_source
from app.kits.findings import Finding, finding
from app.kits.format import read_files, survey
from app.kits.pieces import KitSource
from app.render.tree import FORBIDDEN

DOCUMENT = "application/pdf"
_IMAGES = {"png", "jpg", "jpeg", "webp"}
_REMEMBERED = 32
_checked: OrderedDict[str, tuple[Finding, ...]] = OrderedDict()


class KitRefused(KitError):
    """A kit that can't be kept. `findings` holds everything that keeps it from being read, as pages and commands show it."""

    def __init__(self, found: list[Finding], files: Mapping[str, bytes]) -> None:
        first = found[0]
        super().__init__(first.message, first.file, first.line, first.mend, first.rule)
        self.findings = with_source(found, files)


@dataclass(frozen=True)
class Package:
    """A kit that can be kept: its zip as uploaded, its parts, what the check found, and the files that may be served."""

    data: bytes
    source: KitSource
    findings: list[dict[str, Any]]
    media: dict[str, tuple[bytes, dict[str, Any]]]

    @property
    def sha256(self) -> str:
        """The fingerprint of the zip."""
        return hashlib.sha256(self.data).hexdigest()


def unpack(data: bytes) -> Package:
    """Read and check a zipped kit. Raises KitRefused with everything that keeps it from being read, not only the first thing."""
    try:
        files = read_files(data)
    except KitError as error:
        raise KitRefused([_refusal(error)], {}) from None
    source, problems = survey(files)
    found = list(checked(files))
    if source is None or problems:
        raise KitRefused(found, files)
    if attacks := [f for f in found if f.rule == FORBIDDEN]:
        raise KitRefused(attacks, files)
    media, wrong = _media(source)
    if wrong:
        raise KitRefused(wrong, files)
    return Package(data, source, with_source(found, files), media)


def checked(files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """What the check finds in these files. The same files are judged once in a process: its rules stay while it runs."""
    key = _fingerprint(files)
    if key not in _checked:
        _checked[key] = tuple(check_files(files)[1])
    _checked.move_to_end(key)
    while len(_checked) > _REMEMBERED:
        _checked.popitem(last=False)
    return _checked[key]


def _fingerprint(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, data in sorted(files.items()):
        whole.update(f"{len(name)} {name} {len(data)} ".encode() + hashlib.sha256(data).digest())
    return whole.hexdigest()


def _refusal(error: KitError) -> Finding:
    return finding(error.rule, error.file, error.line, 0, error.plain, error.mend)


def _media(source: KitSource) -> tuple[dict[str, tuple[bytes, dict[str, Any]]], list[Finding]]:
    """The files that may be served, drawn anew where they are pictures; and those that are not what they say."""
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    wrong: list[Finding] = []
    for path, data in source.files.items():
        ending = PurePosixPath(path).suffix.lower().removeprefix(".")
        try:
            if ending in _IMAGES:
                found[path] = _picture(path, data)
            elif ending == "pdf":
                found[path] = _document(path, data)
        except KitError as error:
            wrong.append(_refusal(error))
    return found, wrong


def _picture(path: str, data: bytes) -> tuple[bytes, dict[str, Any]]:
    try:
        image = clean_image(path, data)
    except Invalid as error:
        raise KitError(error.message, path, rule="picture") from None
    size = {"width": image.width, "height": image.height}
    return image.data, {"type": image.content_type, "ending": image.ending, **size}


def _document(path: str, data: bytes) -> tuple[bytes, dict[str, Any]]:
    try:
        check_pdf(data)
    except Invalid as error:
        raise KitError(error.message, path, rule="document") from None
    return data, {"type": DOCUMENT, "ending": "pdf"}
