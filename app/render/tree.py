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
