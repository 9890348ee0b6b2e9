"""The one part of the check that leaves the machine: web addresses in a kit that give no answer, asked side by side.

Whoever calls brings the way to ask, so that nothing here opens a connection.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from app.kits.check_links import web_links
from app.kits.check_markup import mask, read_markup
from app.kits.findings import Finding, finding, in_order
from app.kits.locate import Lines, Places
from app.kits.pieces import EmailPiece, KitSource, PagePiece, SlotType
from app.kits.table import FILE

SIDE_BY_SIDE = 16
SECONDS = 20.0  # for all addresses together
MOST = 500  # addresses that are asked

Ask = Callable[[str], str]
"""Asks an address once; returns what is wrong with it in a sentence, or nothing. It never raises."""

_BARE = re.compile(r"https?://[^\s<>\"'()\[\]\ue000\ue001]+(?<![.,;:!?])")


def check_online(kit: KitSource, ask: Ask, seconds: float = SECONDS) -> list[Finding]:
    """Every fixed address of the kit that doesn't answer, at each of its places. Those not reached in time are left out."""
    places = list(_addresses(kit))
    trouble = _asked(list(dict.fromkeys(url for url, *_ in places))[:MOST], ask, seconds)
    found = []
    for url, file, line, column in places:
        if url in trouble:
            message = f"{url[:100]} doesn’t work: {trouble[url]}"
            found.append(
                finding("link-gone", file, line, column, message, "Mend the address, or take it out.")
            )
    return in_order(found)


def _addresses(kit: KitSource) -> Iterator[tuple[str, str, int, int]]:
    """Address, file, line and column."""
    pieces: list[EmailPiece | PagePiece] = [*kit.emails, *kit.pages]
    for piece in pieces:
        markup = read_markup(piece.source)
        for url, at in web_links(markup):
            yield (url, piece.path, *markup.at(at))
    words = [(post.path, post.source) for post in kit.posts]
    words += [(kit.playbook.path, kit.playbook.source)] if kit.playbook else []
    for path, source in words:
        places = Places(source)
        for bare in _BARE.finditer(mask(source)):
            yield (bare[0], path, *places.at(bare.start()))
    lines = Lines(kit.files.get(FILE, b"").decode("utf-8", "replace"))
    for index, slot in enumerate(kit.slots):
        if slot.type is SlotType.URL and isinstance(slot.default, str):
            yield (slot.default, FILE, *lines.value(f"slots[{index}]", "default"))


def _asked(urls: list[str], ask: Ask, seconds: float) -> dict[str, str]:
    deadline = time.monotonic() + seconds
    pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="kit-links")
    waiting: dict[Future[str], str] = {pool.submit(ask, url): url for url in urls}
    try:
        done, _ = wait(waiting, timeout=max(deadline - time.monotonic(), 0))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return {waiting[future]: trouble for future in done if (trouble := future.result())}
