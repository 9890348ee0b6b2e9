"""Quoted-printable in pieces: static runs are encoded once, values per recipient, with a soft break on either side.

A value therefore always begins at the first column, and its encoding never depends on what stands around it.
"""

_SAFE = frozenset(range(33, 127)) - {ord("=")}
_SOFT = b"=\r\n"
_CODES = [bytes([n]) if n in _SAFE else f"={n:02X}".encode() for n in range(256)]


def encode_value(value: bytes) -> bytes:
    """One line of text from column 0, with soft breaks within where it is long, and one behind it."""
    if len(value) <= 70 and value.isalnum():
        return value + _SOFT
    return _run(value) + _SOFT


def encode_static(data: bytes, *, last: bool) -> bytes:
    """A run of CRLF lines from column 0. Unless it is the last, it ends so that a value may follow at column 0."""
    lines = [_run(line) for line in data.split(b"\r\n")]
    encoded = b"\r\n".join(lines)
    return encoded if last or not lines[-1] else encoded + _SOFT


def _run(data: bytes) -> bytes:
    """One line; spaces stay readable except at its end."""
    out: list[bytes] = []
    width = 0
    end = len(data) - 1
    for at, byte in enumerate(data):
        code = b" " if byte == 32 and at != end else _CODES[byte]
        if width + len(code) > 75:
            if out[-1] == b" ":
                out[-1] = b"=20"
                if width + 2 > 75:
                    out.insert(len(out) - 1, _SOFT)
            out.append(_SOFT)
            width = 0
        out.append(code)
        width += len(code)
    return b"".join(out)
