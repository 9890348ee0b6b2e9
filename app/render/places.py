"""Places: what is left open in a rendered piece until the recipient is known, carried through MJML as sentinels.

A sentinel is a word of ASCII letters and digits that no input contains, so that compilers and inliners pass it on untouched.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class PlaceKind(StrEnum):
    """What stands in a place: a contact's field, a numbered tracked link, the unsubscribe address, or the open pixel."""

    FIELD = "field"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    PIXEL = "pixel"


@dataclass(frozen=True)
class Place:
    """One open place. `name` is the contact's field, `default` what stands there when it is empty; `number` the link's."""

    kind: PlaceKind
    name: str = ""
    default: str = ""
    number: int = 0


def make_mark(inputs: Iterable[str]) -> str:
    """A word that none of the inputs contains, the same for the same inputs."""
    texts = list(inputs)
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    while any(digest[:16] in text for text in texts):
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return f"tl{digest[:16]}q"


@dataclass
class Places:
    """The places of one compiled piece, in the order of their first appearance."""

    mark: str
    known: list[Place] = field(default_factory=list)

    def sentinel(self, place: Place) -> str:
        """The word that stands for this place."""
        if place not in self.known:
            self.known.append(place)
        return f"{self.mark}{self.known.index(place)}z"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches every sentinel; group 1 is the place's index."""
        return re.compile(rf"{self.mark}(\d+)z")


def split(text: str, mark: str, known: tuple[Place, ...]) -> Iterator[str | Place]:
    """The text cut at its sentinels: strings and places in turn, empty strings left out."""
    at = 0
    for found in re.finditer(rf"{mark}(\d+)z", text):
        if found.start() > at:
            yield text[at : found.start()]
        yield known[int(found.group(1))]
        at = found.end()
    if at < len(text):
        yield text[at:]


def fill(text: str, mark: str, known: tuple[Place, ...], value: Callable[[Place], str]) -> str:
    """The text with every sentinel replaced by `value(place)`."""
    return "".join(part if isinstance(part, str) else value(part) for part in split(text, mark, known))
