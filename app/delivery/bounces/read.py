"""Reading a mail that came back: its headers, what it says to people, its reports. Broken mails are read as far as they go."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from html import unescape

LONGEST = (
    1024 * 1024
)  # bytes of a mail that are looked at; reports stand at the front, the mail that came back behind them
TEXT = 16 * 1024  # characters that are looked at of what a mail says
_PARTS = 200
_MAILS = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
)
_REPORTS = (
    "message/delivery-status",
    "message/global-delivery-status",
    "message/feedback-report",
    "message/disposition-notification",
)

# From here on a mail quotes the mail it is about.
_QUOTED = re.compile(
    r"""^[ \t]*(?:
        [-=_*]{2,}[ ]?(?:below\ this\ line|original\ mes|original\ mail|this\ is\ a\ copy|unsent\ mes|returned\ mes|the\ header\ of
            |forwarded\ mes|included\ is\ a\ copy|message\ header|start\ of\ returned|returned\ mail\ )
        | (?:original\ message(?:\ headers?)?|message\ headers?|original\ headers?)(?:\ follows?\b|:)
        | below\ is\ a\ copy\ of\ the\ original | included\ is\ a\ copy\ of\ the\ message
        | (?:received|return-path|dkim-signature|x-received|arc-seal):[ ]?\S
        | content-type:[ ]*(?:message/rfc822|text/rfc822-headers)
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_HIDDEN = re.compile(r"</?(?:style|script)\b[^<>]{0,2000}>", re.IGNORECASE)
_SOFT_BREAK = re.compile(r"=\r?\n")


@dataclass
class Read:
    """A mail that was read: `text` is what it says before it quotes the mail it is about."""

    message: Message
    text: str = ""
    status: list[str] = field(default_factory=list)  # bodies of delivery reports
    feedback: list[str] = field(default_factory=list)  # bodies of feedback reports
    originals: list[str] = field(default_factory=list)  # beginnings of the mails it is about
    read_receipt: bool = False

    def header(self, name: str) -> str:
        """The header's decoded value on one line, or nothing. Never raises."""
        raw = next((value for key, value in self.message.raw_items() if key.lower() == name), None)
        if raw is None:
            return ""
        # RFC 6532 allows UTF-8 as it is; older servers write whatever they have.
        value = decoded(str(raw)[:4000].encode("utf-8", "surrogateescape"), None)
        with suppress(ValueError, LookupError, MessageError):
            value = str(make_header(decode_header(value)))
        return " ".join(value.split())[:2000]


def read(raw: bytes) -> Read:
    """Take a mail apart. Never raises; what nests too deep to be taken apart is read as plain text."""
    raw = raw[:LONGEST].replace(b"\0", b"")
    if raw.lower().count(b"boundary=") > 50:
        return _plain(raw)
    try:
        found = Read(message_from_bytes(raw, policy=policy.compat32))
        texts: list[tuple[str, str]] = []
        _walk(found.message, found, texts, [0])
    except (
        RecursionError,
        MessageError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        IndexError,
        KeyError,
    ):
        # The parser trips over a few kinds of broken mails; what stands in them is still worth a look.
        return _plain(raw)
    plain = [text for kind, text in texts if kind != "text/html"]
    shown = "\n".join(plain if any(text.strip() for text in plain) else [text for _, text in texts])
    found.text = before_quote(shown)
    return found


def before_quote(text: str) -> str:
    """The text up to where it begins to quote a mail."""
    text = text[:TEXT]
    match = _QUOTED.search(text)
    return text[: match.start()] if match else text


def _plain(raw: bytes) -> Read:
    head, _, body = raw[:TEXT].replace(b"\r\n", b"\n").partition(b"\n\n")
    message: Message = Message(policy=policy.compat32)
    for line in decoded(head, None).split("\n"):
        name, colon, value = line.partition(":")
        if colon and name.isascii() and name.replace("-", "").isalnum():
            message[name] = value.strip()
    return Read(message, before_quote(decoded(body, None)))


def _walk(part: Message, found: Read, texts: list[tuple[str, str]], seen: list[int]) -> None:
    seen[0] += 1
    if seen[0] > _PARTS:
        return
    kind, payload = part.get_content_type(), part.get_payload()
    if kind in _REPORTS or kind in _MAILS:
        _keep(part, kind, found)
    elif isinstance(payload, list):
        for child in payload:
            if isinstance(child, Message):
                _walk(child, found, texts, seen)
    elif kind.startswith(("text/", "multipart/", "message/")) and not (found.originals and texts):
        texts.append((kind, _words(part, kind)))


def _keep(part: Message, kind: str, found: Read) -> None:
    if kind in _MAILS:
        found.originals.append(_report(part)[:TEXT])
    elif kind == "message/disposition-notification":
        found.read_receipt = True
    elif kind == "message/feedback-report":
        found.feedback.append(_report(part))
    elif not found.originals:  # what stands behind the mail that came back belongs to it
        found.status.append(_report(part))


def _words(part: Message, kind: str) -> str:
    content = part.get_payload(decode=True)
    text = decoded(content if isinstance(content, bytes) else b"", part.get_content_charset())
    if kind.startswith("multipart/") and "quoted-printable" in text[:2000].lower():
        text = _SOFT_BREAK.sub("", text)  # a multipart whose boundary is not to be found
    if kind == "text/html":
        text = unescape(_TAGS.sub(" ", _shown(text[: 8 * TEXT])))
    return text[:TEXT].replace("\r", "")


def _shown(html: str) -> str:
    """A page without its styles and scripts."""
    pieces, at, hidden = [], 0, False
    for match in _HIDDEN.finditer(html):
        if not hidden:
            pieces.append(html[at : match.start()])
        hidden, at = not match.group().startswith("</"), match.end()
    return " ".join(pieces if hidden else [*pieces, html[at:]])


def _report(part: Message) -> str:
    """The text of a part that Python may have taken apart into blocks of fields."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [str(child) for child in payload[:1000]]
        text = "\n".join(block if block.endswith("\n") else block + "\n" for block in blocks)
    else:
        text = _words(part, "text/plain")
    if str(part.get("content-transfer-encoding", "")).strip().lower() in ("base64", "quoted-printable"):
        again = Message(policy=policy.compat32)
        again["Content-Transfer-Encoding"] = str(part["content-transfer-encoding"])
        again.set_payload(text.strip("\n"))
        text = _words(again, "text/plain") if isinstance(payload, list) else text
    return text.replace("\r", "")[: 4 * TEXT]


def decoded(content: bytes, charset: str | None) -> str:
    """Bytes as text: in the charset that is named, as UTF-8 or Japanese where they are that, else with what can be read."""
    tried = [charset] if charset else []
    tried += ["iso-2022-jp"] if b"\x1b$" in content else []
    for name in (*tried, "utf-8"):
        try:
            return content.decode(name)
        except (UnicodeError, LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")
