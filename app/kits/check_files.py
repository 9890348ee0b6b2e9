"""The check of a kit's files: pieces that kit.toml doesn't name, files that are not what they are called, pictures nobody uses."""

import io
import warnings

from app.kits.findings import Finding, finding
from app.kits.pieces import KitSource
from app.lazy import lazy

images = lazy("PIL.Image")

HEAVY = 1_000_000
_FOLDERS = {
    "emails/": "[[emails]]",
    "landing/": "[[pages]]",
    "social/": "[[posts]]",
    "documents/": "[[documents]]",
}
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".svg")


def check_kit_files(kit: KitSource) -> list[Finding]:
    """Findings about files as such; they concern whole files, so they stand at their beginning."""
    found: list[Finding] = []
    texts = [e.source for e in kit.emails] + [p.source for p in kit.pages] + [p.source for p in kit.posts]
    texts += [p.image for p in kit.posts] + [kit.playbook.source if kit.playbook else ""]
    named = {piece.path for pieces in (kit.emails, kit.pages, kit.posts, kit.documents) for piece in pieces}
    for name, data in kit.files.items():
        header = next((header for folder, header in _FOLDERS.items() if name.startswith(folder)), "")
        if header and name not in named:
            message = "kit.toml doesn’t name this file, so that nobody gets it."
            found.append(
                finding("file-unused", name, 1, 0, message, f"Declare it with {header}, or remove it.")
            )
        if name.startswith("assets/") and not any(name in text for text in texts):
            found.append(
                finding("asset-unused", name, 1, 0, "No piece uses this file.", "Remove it, or use it.")
            )
        found += _content(name, data)
        if len(data) > HEAVY and name.lower().endswith(_PICTURES):
            message = f"This picture has {len(data) // 1000:,} KB; phones wait for it."
            found.append(finding("image-heavy", name, 1, 0, message, "Save it smaller, under 1 MB."))
    return found


_KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}


def _content(name: str, data: bytes) -> list[Finding]:
    """Whether a picture or a PDF is one; only its beginning is looked at, the upload opens all of it."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending == ".pdf" and not data.startswith(b"%PDF-"):
        message = "This is called a PDF but is none."
        return [finding("document", name, 1, 0, message, "Export it as PDF again.")]
    if ending in _KINDS and _format(data) != _KINDS[ending]:
        what = _format(data) or "no picture that can be read"
        message = f"This is called {ending.removeprefix('.').upper()} and is {what}."
        return [finding("picture", name, 1, 0, message, "Save it again, or give it its right ending.")]
    return []


def _format(data: bytes) -> str:
    try:
        with warnings.catch_warnings(), images.open(io.BytesIO(data)) as image:
            warnings.simplefilter("ignore")
            return image.format or ""
    except Exception:  # whatever a broken file does to the library's parsers, it is no picture
        return ""
