"""A compiled mail as segments of bytes: multipart/alternative built once, then only spliced for each recipient.

Neither the email package nor a template engine runs per recipient; each value is escaped for where it stands.
"""

import datetime as dt
import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from typing import Literal

from app.render import headers, places, quoted
from app.render.email import CompiledEmail, clean_field
from app.render.fold import VALUE_LIMIT
from app.render.places import Place, PlaceKind

Form = Literal["8bit", "qp"]
_MAGIC = b"TLS1"


@dataclass(frozen=True)
class MessageHeaders:
    """What the headers need. `public_url` is the origin of tracked links, without a slash at its end."""

    from_name: str
    from_address: str
    public_url: str
    reply_to: str = ""
    feedback_id: str = ""
    message_domain: str = ""


@dataclass(frozen=True)
class Tokens:
    """A delivery's own words, url-safe. `open` is None where the recipient did not agree to be tracked."""

    click: str
    unsubscribe: str
    message_id: str
    delivery: str
    open: str | None = None


@dataclass(frozen=True)
class Recipient:
    """Whom one message goes to: address, fields by name (first_name, last_name, company, …), tokens, and when it is sent."""

    email: str
    tokens: Tokens
    fields: Mapping[str, str] = field(default_factory=dict)
    date: dt.datetime | None = None


@dataclass(frozen=True)
class Op:
    """One spliced spot: what stands there, how it is escaped (html, text, header), and a field's default."""

    what: str
    how: str = ""
    name: str = ""
    default: str = ""
    parts: tuple[str | tuple[str, str], ...] = ()


class Segments:
    """A message in two forms, each static bytes and ops in turn; safe to store, and to share between threads."""

    def __init__(self, forms: Mapping[str, tuple[bytes | Op, ...]]) -> None:
        self._forms = dict(forms)
        self._plans = {form: _plan(parts, form) for form, parts in self._forms.items()}

    def splice(self, recipient: Recipient, form: Form = "8bit") -> bytes:
        """The whole message for this recipient, CRLF lines, dots not stuffed. Raises SpliceError for an impossible address."""
        return self.written(recipient, form)[0]

    def written(self, recipient: Recipient, form: Form = "8bit") -> tuple[bytes, bytes | None]:
        """The same, and as SMTP's DATA wants it with dots at the start of a line doubled, where the pieces tell that without a look at the whole."""
        row, stuffed, ops = self._plans[form]
        out = row.copy()
        encode = quoted.encode_value if form == "qp" else None
        is_known = stuffed is not None
        for op, spots in ops:
            value = _VALUES[op.what](op, recipient)
            if encode and op.how != "header":
                value = encode(value) if value else b""
            is_known = is_known and value[:1] != b"." and b"\n." not in value
            for spot in spots:
                out[spot] = value
        message = b"".join(out)
        if stuffed is None or not is_known:
            return message, None
        for spot, piece in stuffed:
            out[spot] = piece
        return message, b"".join(out) if stuffed else message

    def to_bytes(self) -> bytes:
        """For storing: a magic word, the ops as JSON, then the static bytes."""
        index: dict[str, list[object]] = {}
        blobs: list[bytes] = []
        for form, parts in self._forms.items():
            index[form] = [
                len(p) if isinstance(p, bytes) else [p.what, p.how, p.name, p.default, p.parts] for p in parts
            ]
            blobs += [p for p in parts if isinstance(p, bytes)]
        head = json.dumps(index, ensure_ascii=False).encode()
        return _MAGIC + struct.pack(">I", len(head)) + head + b"".join(blobs)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Segments":
        """The reverse of `to_bytes`; raises ValueError for anything else."""
        if data[:4] != _MAGIC:
            raise ValueError("These are no segments.")
        (length,) = struct.unpack(">I", data[4:8])
        at = 8 + length
        forms: dict[str, tuple[bytes | Op, ...]] = {}
        for form, parts in json.loads(data[8:at]).items():
            row: list[bytes | Op] = []
            for part in parts:
                if isinstance(part, int):
                    row.append(data[at : at + part])
                    at += part
                else:
                    what, how, name, default, texts = part
                    row.append(
                        Op(
                            what,
                            how,
                            name,
                            default,
                            tuple(t if isinstance(t, str) else (t[0], t[1]) for t in texts),
                        )
                    )
            forms[form] = tuple(row)
        return cls(forms)


def build(compiled: CompiledEmail, head: MessageHeaders) -> Segments:
    """Build the message once. Raises ValueError or SpliceError where a header value is unfit for a header."""
    boundary = "tl-" + hashlib.sha256(f"{compiled.html}{compiled.text}".encode()).hexdigest()[:32]
    forms: dict[str, tuple[bytes | Op, ...]] = {}
    for form, encoding in (("8bit", "8bit"), ("qp", "quoted-printable")):
        parts: list[bytes | Op] = list(_head(compiled, head, boundary))
        for subtype, body in (("plain", compiled.text), ("html", compiled.html)):
            parts.append(
                f"\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
                f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
            )
            parts += _body(body, "html" if subtype == "html" else "text", compiled, head.public_url, form)
        parts.append(f"\r\n--{boundary}--\r\n".encode())
        forms[form] = _merged(parts)
    return Segments(forms)


def _head(compiled: CompiledEmail, head: MessageHeaders, boundary: str) -> Iterable[bytes | Op]:
    domain = headers.token(head.message_domain or head.from_address.rpartition("@")[2])
    public = headers.token(head.public_url)
    sender = headers.address(head.from_name, head.from_address)
    yield b"From: " + sender + b"\r\nTo: "
    yield Op("to", "header")
    if head.reply_to:
        yield b"\r\nReply-To: " + headers.address("", head.reply_to)
    yield b"\r\nSubject: "
    yield Op("subject", "header", parts=tuple(_subject(compiled)))
    yield b"\r\nDate: "
    yield Op("date", "header")
    yield b"\r\nMessage-ID: <"
    yield Op("message_id", "header")
    yield f"@{domain}>\r\nList-Unsubscribe: <{public}/u/".encode()
    yield Op("unsubscribe", "header")
    yield b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Throughline-Delivery: "
    yield Op("delivery", "header")
    if head.feedback_id:
        yield f"\r\nFeedback-ID: {headers.token(head.feedback_id)}".encode()
    yield f'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode()


def _subject(compiled: CompiledEmail) -> Iterable[str | tuple[str, str]]:
    for part in places.split(compiled.subject, compiled.mark, compiled.places):
        yield part if isinstance(part, str) else (part.name, part.default)


def _body(body: str, how: str, compiled: CompiledEmail, public: str, form: str) -> list[bytes | Op]:
    parts: list[bytes | Op] = []
    for part in places.split(body.replace("\r\n", "\n"), compiled.mark, compiled.places):
        if isinstance(part, str):
            parts.append(part.replace("\n", "\r\n").encode())
        else:
            parts += _place(part, how, public)
    merged = _merged(parts)
    if form == "8bit":
        return list(merged)
    last = len(merged) - 1
    return [
        quoted.encode_static(p, last=i == last) if isinstance(p, bytes) else p for i, p in enumerate(merged)
    ]


def _place(place: Place, how: str, public: str) -> list[bytes | Op]:
    if place.kind is PlaceKind.FIELD:
        return [Op("field", how, place.name, place.default)]
    if place.kind is PlaceKind.CLICK:
        return [f"{public}/c/".encode(), Op("click"), f"/{place.number}".encode()]
    if place.kind is PlaceKind.UNSUBSCRIBE:
        return [f"{public}/u/".encode(), Op("unsubscribe")]
    return [Op("pixel", name=public)]


def _merged(parts: Iterable[bytes | Op]) -> tuple[bytes | Op, ...]:
    """Neighbouring static parts as one."""
    out: list[bytes | Op] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, bytes) and isinstance(last, bytes):
            out[-1] = last + part
        else:
            out.append(part)
    return tuple(out)


_Plan = tuple[list[bytes], list[tuple[int, bytes]] | None, list[tuple[Op, list[int]]]]


def _plan(parts: tuple[bytes | Op, ...], form: str) -> _Plan:
    """The row to copy for each recipient, its pieces that have dots to double (None: a value decides), and each different op with its spots."""
    spots: dict[Op, list[int]] = {}
    for at, part in enumerate(parts):
        if isinstance(part, Op):
            spots.setdefault(part, []).append(at)
    row = [p if isinstance(p, bytes) else b"" for p in parts]
    # In quoted-printable every piece begins in the first column; otherwise a piece behind a value does so where the value is empty.
    if form != "qp" and any(piece[:1] == b"." for piece in row[1:]):
        return row, None, list(spots.items())
    doubled = [(b"." + p if p[:1] == b"." else p).replace(b"\n.", b"\n..") for p in row]
    stuffed = [(at, piece) for at, piece in enumerate(doubled) if piece != row[at]]
    return row, stuffed, list(spots.items())


def _field(op: Op, recipient: Recipient) -> bytes:
    raw = recipient.fields.get(op.name) if op.name != "email" else recipient.email
    return _escaped(raw or op.default, op.how) or _escaped(op.default, op.how)


@lru_cache(maxsize=4096)
def _escaped(raw: str, how: str) -> bytes:
    """The value for text or HTML in at most VALUE_LIMIT bytes, cut at a character."""
    text = clean_field(raw)
    value = _written(text, how)
    while len(value) > VALUE_LIMIT:
        text = text[: max(1, len(text) * VALUE_LIMIT // len(value) - 1)].rstrip("…") + "…"
        value = _written(text, how)
    return value


def _written(text: str, how: str) -> bytes:
    return (escape(text) if how == "html" else text).encode()


def _subject_value(op: Op, recipient: Recipient) -> bytes:
    texts = []
    for part in op.parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            raw = recipient.email if part[0] == "email" else recipient.fields.get(part[0]) or ""
            texts.append(clean_field(raw) or part[1])
    return _subject_bytes("".join(texts))


@lru_cache(maxsize=4096)
def _subject_bytes(text: str) -> bytes:
    return headers.unstructured(text, len("Subject: "))


def _to(op: Op, recipient: Recipient) -> bytes:
    given = recipient.fields.get("first_name") or ""
    name = clean_field(f"{given} {recipient.fields.get('last_name') or ''}")
    return headers.address(name, recipient.email)


def _pixel(op: Op, recipient: Recipient) -> bytes:
    if recipient.tokens.open is None:
        return b""
    source = f"{op.name}/o/{recipient.tokens.open}.gif"
    return f'<img src="{source}" width="1" height="1" alt="" style="display:block;border:0;">'.encode()


def _date(op: Op, recipient: Recipient) -> bytes:
    moment = recipient.date or dt.datetime.now(dt.UTC)
    return _date_bytes(int(moment.timestamp()))


@lru_cache(maxsize=64)
def _date_bytes(second: int) -> bytes:
    return format_datetime(dt.datetime.fromtimestamp(second, dt.UTC)).encode()


_VALUES: dict[str, Callable[[Op, Recipient], bytes]] = {
    "field": _field,
    "subject": _subject_value,
    "to": _to,
    "pixel": _pixel,
    "date": _date,
    "click": lambda _, r: r.tokens.click.encode(),
    "unsubscribe": lambda _, r: r.tokens.unsubscribe.encode(),
    "message_id": lambda _, r: r.tokens.message_id.encode(),
    "delivery": lambda _, r: r.tokens.delivery.encode(),
}
