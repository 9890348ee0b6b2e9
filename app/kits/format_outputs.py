"""What kit.toml says of the pieces that partners hand out themselves: social posts, documents and the partner's panel on them."""

from collections.abc import Mapping

from app.kits.pdf import broken
from app.kits.pieces import Corner, Document, Fit, Network, Panel, Post
from app.kits.table import Table

SMALLEST = (40.0, 15.0)
"""Width and height in mm under which a panel can't hold a name and a phone number in letters that can be read."""

_LARGEST = 2_000.0  # mm; no printed page is longer


def read_post(table: Table, files: Mapping[str, bytes], path: str, source: str) -> Post:
    """The post in this table; its words were read from `path`."""
    networks = _networks(table)
    post = Post(
        table.name(), table.text("title", required=True, longest=80), path, source,
        table.text("image", longest=200), table.text("alt", longest=300), table.line,
        networks, table.choice("logo", Corner, Corner.BOTTOM_RIGHT), table.choice("fit", Fit, Fit.WHOLE),
    )  # fmt: skip
    if post.image and post.image not in files:
        table.wrong("image", f"There is no file {post.image}.", "Add it, or mend the path.", "file-missing")
    table.done()
    return post


def _networks(table: Table) -> tuple[Network, ...]:
    names = table.texts("networks", tuple(Network))
    unknown = [name for name in names if name not in tuple(Network)]
    if unknown:
        mend = "Use some of: " + ", ".join(Network) + "."
        table.wrong("networks", f"“{unknown[0][:40]}” is not a known network.", mend)
    if not names:
        table.wrong("networks", "A post needs a network.", "Name one, or leave the key out for all.")
    known = dict.fromkeys(Network(name) for name in names if name not in unknown)
    return tuple(known) or tuple(Network)


def read_document(table: Table, files: Mapping[str, bytes]) -> Document:
    """The document in this table. A PDF that runs something, or hides a file, keeps the kit from being read."""
    path = table.text("file", required=True, longest=200)
    if path and (path not in files or not path.startswith("documents/")):
        table.wrong(
            "file", f"There is no file {path} in documents/.", "Add it, or mend the path.", "file-missing"
        )
    elif path:
        _open(table, path, files[path])
    panel = _panel(table.table("panel")) if "panel" in table.data else None
    document = Document(
        table.name(), table.text("title", required=True, longest=120), path, table.line, panel
    )
    table.done()
    return document


def _open(table: Table, path: str, data: bytes) -> None:
    if not path.lower().endswith(".pdf"):
        table.wrong("file", f"{path} is no PDF.", "Export the document as PDF.")
    elif trouble := broken(data):
        table.problems.add(
            f"{path}: {trouble.message}", trouble.mend, table.address, "file", rule="document-unsafe"
        )


def _panel(table: Table) -> Panel:
    page = table.number("page", 1, -1_000, 1_000)
    if page == 0:
        table.wrong("page", "Pages count from 1, or from the end with -1.", "Write page = 1 or page = -1.")
    panel = Panel(
        page,
        *(_length(table, key, least) for key, least in
          (("x", 0.0), ("y", 0.0), ("width", SMALLEST[0]), ("height", SMALLEST[1]))),
    )  # fmt: skip
    table.done()
    return panel


def _length(table: Table, key: str, least: float) -> float:
    """A length in mm, whole or with decimals."""
    value = table.raw(key)
    if value is None:
        table.wrong(key, f"“{key}” is missing.", f"Add {key} = … in mm, counted from the page’s top left.")
        return least
    if isinstance(value, bool) or not isinstance(value, int | float):
        table.wrong(key, f"“{key}” has to be a number of mm.", f"It is {type(value).__name__} now.")
        return least
    if not least <= value <= _LARGEST:
        table.wrong(key, f"“{key}” is out of range.", f"Use {least:g} to {_LARGEST:g} mm.")
        return least
    return float(value)
