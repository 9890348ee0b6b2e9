"""The body of a request, read without holding anybody up: with a cap, and with a clock that a dribbling client runs out of."""

import asyncio
import time
from tempfile import SpooledTemporaryFile
from typing import IO, Any

IN_MEMORY = 64 * 1024  # bytes; what is longer waits on the disk
IDLE = 15.0  # seconds between two pieces
GRACE = 20.0  # seconds in which a client may be as slow as it likes
SLOWEST = 8 * 1024  # bytes a second, on average, after that


class TooSlow(Exception):
    """The client dribbles, or has gone silent."""


class TooLong(Exception):
    """More bytes than the cap; `size` is what came or was announced."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Gone(Exception):
    """The client went away in the middle."""


async def read(proto: Any, announced: int | None, cap: int) -> IO[bytes]:
    """The body, from its start. `announced` is the Content-Length, None where there is none. Raises TooSlow, TooLong or Gone."""
    if announced is not None and announced > cap:
        raise TooLong(announced)
    body: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 — the caller closes it
    try:
        size = await _fill(body, aiter(proto), cap)
        if announced is not None and size != announced:
            raise Gone
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body


async def _fill(body: IO[bytes], pieces: Any, cap: int) -> int:
    size, began = 0, time.monotonic()
    while True:
        left = began + GRACE + size / SLOWEST - time.monotonic()
        try:
            piece = await asyncio.wait_for(_next(pieces), max(0.0, min(IDLE, left)))
        except TimeoutError:
            raise TooSlow from None
        if piece is None:
            return size
        size += len(piece)
        if size > cap:
            raise TooLong(size)
        body.write(piece)


async def _next(pieces: Any) -> bytes | None:
    try:
        piece: bytes = await anext(pieces)
    except StopAsyncIteration:
        return None
    return piece
