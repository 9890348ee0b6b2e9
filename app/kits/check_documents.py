"""What the check finds in the pieces that partners hand out themselves: panels that miss their page, posts too long for a network."""

from app.kits.findings import Finding, finding
from app.kits.locate import Lines
from app.kits.pdf import broken, page_sizes
from app.kits.pieces import Document, KitSource, Panel, Post
from app.kits.samples import PARTNER, VENDOR, sample_slots
from app.kits.social import LIMITS, length
from app.kits.table import FILE
from app.render.errors import RenderError
from app.render.post import render_words

_SAMPLE_LINK = "https://go.harbour-it.example/p/AAAAAAAAAAAAAAAAAAAAAA?utm_source=linkedin&utm_medium=social"
_ROUNDING = 0.5  # mm by which a panel may stick out: pages of 595 points are a hair smaller than A4


def check_documents(kit: KitSource, lines: Lines) -> list[Finding]:
    """Findings of documents and of posts as they would be shared."""
    found: list[Finding] = []
    for at, document in enumerate(kit.documents):
        found += _document(kit, document, lines, f"documents[{at}]")
    for post in kit.posts:
        found += _post(kit, post)
    return found


def _document(kit: KitSource, document: Document, lines: Lines, address: str) -> list[Finding]:
    data = kit.files.get(document.path, b"")
    if document.panel is None or broken(data):
        return []  # what is wrong with the file itself was said when it was read
    trouble = misplaced(document.panel, page_sizes(data))
    where = lines.where(f"{address}.panel") if lines.of(f"{address}.panel") else lines.where(address, "panel")
    return [finding(rule, FILE, *where, message, mend) for rule, message, mend in trouble]


def misplaced(panel: Panel, pages: list[tuple[float, float]]) -> list[tuple[str, str, str]]:
    """What is wrong with a panel's place on pages of these sizes (mm): rule, message and mend."""
    number = panel.page if panel.page > 0 else len(pages) + 1 + panel.page
    if not 1 <= number <= len(pages):
        have = "one page" if len(pages) == 1 else f"{len(pages)} pages"
        message = f"The panel stands on page {panel.page}, and the document has {have}."
        return [("panel-page", message, f"Use a page from 1 to {len(pages)}, or -1 for the last.")]
    width, height = pages[number - 1]
    out_right, out_below = panel.x + panel.width - width, panel.y + panel.height - height
    if max(out_right, out_below) <= _ROUNDING:
        return []
    where = " and ".join(
        part
        for part in (
            f"{out_right:.0f} mm over the right edge" if out_right > _ROUNDING else "",
            f"{out_below:.0f} mm over the lower edge" if out_below > _ROUNDING else "",
        )
        if part
    )
    message = f"The panel sticks out of its page: {where}."
    return [
        (
            "panel-outside",
            message,
            f"The page is {width:.0f} × {height:.0f} mm. Move the panel, or shrink it.",
        )
    ]


def _post(kit: KitSource, post: Post) -> list[Finding]:
    try:
        text = render_words(
            post.source, sample_slots(kit, pictures=False), PARTNER, VENDOR, _SAMPLE_LINK
        ).strip()
    except RenderError:
        return []  # its words have findings of their own
    found = []
    for network in post.networks:
        used, most = length(text, network), LIMITS[network].most
        if used > most:
            message = f"With sample words “{post.name}” has {used:,} characters; {LIMITS[network].label} takes {most:,}."
            mend = "Shorten it, or name in “networks” only those where it fits."
            found.append(finding("post-long", post.path, 1, 1, message, mend))
    return found
