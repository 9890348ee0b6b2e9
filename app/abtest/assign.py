"""Who gets which version: decided by a keyed hash of experiment and contact, so that anyone can compute it again.

The shares come out exactly, and the order in which contacts are listed changes nothing.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.money import split


@dataclass(frozen=True)
class Split:
    """A frozen audience's split: contact hashes below `cuts[0]` get version 0, below `cuts[1]` version 1, and so on."""

    key: bytes
    salt: int
    cuts: tuple[int, ...]

    def variant(self, contact_id: int) -> int:
        """Position of the version for a contact of the audience that the split was planned for."""
        return bisect_right(self.cuts, place(self.key, contact_id, self.salt))


def place(key: bytes, contact_id: int, salt: int = 0) -> int:
    """Where a contact stands in an experiment: 64 bit of BLAKE2b, keyed by the experiment; the same every time."""
    body = contact_id.to_bytes(8, "big") + salt.to_bytes(4, "big")
    return int.from_bytes(hashlib.blake2b(body, digest_size=8, key=key[:64]).digest(), "big")


def sizes(total: int, weights: Sequence[int]) -> list[int]:
    """How many of `total` people each version gets: whole people by largest remainder."""
    if not weights or any(weight < 0 for weight in weights) or not sum(weights):
        raise ValueError("weights are whole numbers, at least one of them above zero")
    return split(total, weights)


def plan(key: bytes, contact_ids: Iterable[int], weights: Sequence[int]) -> Split:
    """Split a frozen audience in the shares of `weights`, exactly.

    `key` is the experiment's own (at most 64 bytes); ids must be distinct. Takes any iterable, so a big audience can stream
    through it in chunks: 8 bytes a contact are held. Two contacts whose hashes collide on a cut (about 1 in 10⁷ for a million)
    start it over with another salt.
    """
    ids = array("q", contact_ids)
    ends = _running(sizes(len(ids), weights))
    for salt in range(16):
        places = array("Q", sorted(place(key, contact_id, salt) for contact_id in ids))
        cuts = tuple(_cut(places, end) for end in ends[:-1])
        if all(end in (0, len(places)) or places[end - 1] != places[end] for end in ends):
            return Split(key, salt, cuts)
    raise ValueError("the same contact stands in the audience twice")


def _running(counts: Sequence[int]) -> list[int]:
    total, ends = 0, []
    for count in counts:
        total += count
        ends.append(total)
    return ends


def _cut(places: Sequence[int], end: int) -> int:
    """The hash from which on contacts belong to a later version."""
    return places[end] if end < len(places) else 2**64


def assign(key: bytes, contact_ids: Iterable[int], weights: Sequence[int]) -> dict[int, int]:
    """Version position of each contact: the whole split at once, for audiences that fit in memory."""
    ids = list(contact_ids)
    made = plan(key, ids, weights)
    return {contact_id: made.variant(contact_id) for contact_id in ids}
