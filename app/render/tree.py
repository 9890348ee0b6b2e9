"""Small questions about a template's tree: what a name belongs to, and which place it leaves open."""

from jinja2 import nodes

from app.render.places import Place, PlaceKind


def place_of(group: str, attribute: str, instead: str) -> Place:
    """The place a contact's field or a link leaves open."""
    if group != "link":
        return Place(PlaceKind.FIELD, attribute, instead)
    return (
        Place(PlaceKind.UNSUBSCRIBE)
        if attribute == "unsubscribe"
        else Place(PlaceKind.CLICK, attribute, number=1)
    )


def group_of(node: nodes.Node) -> str:
    """The first name of a dotted name, under any filters."""
    while isinstance(node, (nodes.Filter, nodes.Getattr)) and node.node is not None:
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""


def slot_of(node: nodes.Node) -> str:
    """The slot a value comes from whole (not one of a picture's fields), under any filters."""
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    plain = isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "slot"
    return node.attr if plain and isinstance(node, nodes.Getattr) else ""


FORBIDDEN = "template-forbidden"
"""The rule of what no template may do: a kit that tries it isn't kept, not even as a draft."""

_ACTS = (
    nodes.Call, nodes.Getitem, nodes.Assign, nodes.AssignBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends,
    nodes.Block, nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.With, nodes.ScopedEvalContextModifier, nodes.ExprStmt,
)  # fmt: skip
_REACHING = frozenset(
    {"attr", "map", "select", "reject", "selectattr", "rejectattr", "groupby", "format", "xmlattr"}
)


def reaches(node: nodes.Node) -> bool:
    """Whether it calls, imports, defines or sets something, or reaches for what lies behind a value."""
    return any(_reaches(part) for part in (node, *node.find_all(nodes.Node)))


def _reaches(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return node.attr.startswith("_")
    if isinstance(node, nodes.Name):
        return node.name.startswith("__")
    return isinstance(node, _ACTS) or (isinstance(node, nodes.Filter) and node.name in _REACHING)


def spoken_of(node: nodes.Node) -> str:
    """A part of the language in words."""
    spoken = {
        "Call": "a call",
        "Getitem": "an index",
        "Assign": "set",
        "CondExpr": "if inside a placeholder",
        "Scope": "this block",
    }
    name = type(node).__name__
    return spoken.get(name, name.lower())
