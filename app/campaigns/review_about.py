"""What a comment may be about, by the key it is stored under: a piece, a field, the brand, or all of it."""

from app.kits.pieces import KitSource

EVERYTHING = "All of it"


def subjects(kit: KitSource) -> dict[str, str]:
    """What a comment may be about, with its words for people: all of it, a piece, a field."""
    found = {"": EVERYTHING}
    found |= {f"email/{piece.name}": piece.title for piece in kit.emails}
    found |= {f"page/{piece.name}": piece.title for piece in kit.pages}
    found |= {f"post/{piece.name}": piece.title for piece in kit.posts}
    found |= {f"slot/{slot.name}": slot.label or slot.name for slot in kit.slots}
    return found | {"brand": "The brand", "test": "Subject lines of the test"}
