"""Settings that are more than one word: rates of sending, the shares at which a send pauses by itself, a bucket and its options.

Each function takes a variable's text and raises ValueError with what it must be.
"""

import re
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
# Percent of a send. Complaints: Gmail and Yahoo ask senders never to reach 0.3 %.
JUDGED = (("refused", 5.0), ("bounced", 5.0), ("complained", 0.3), ("uncertain", 2.0))

TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z0-9-]{3,30}):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")


def people(raw: str) -> int:
    """A number of messages. Raises ValueError."""
    if not raw.isdecimal() or not 1 <= int(raw) <= 1_000_000:
        raise ValueError("must be a whole number from 1 to 1000000.")
    return int(raw)


def rate(raw: str) -> float:
    """Messages a second. Raises ValueError."""
    try:
        number = float(raw)
    except ValueError:
        number = 0.0
    if not 0.001 <= number <= 1_000_000:
        raise ValueError("must be messages a second, from 0.001 to 1000000.")
    return number


def rates(raw: str) -> tuple[tuple[str, float], ...]:
    """`DOMAIN=RATE,…` with `*` for all others, as pairs. Raises ValueError."""
    found: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in raw.split(","))):
        domain, equals, number = part.partition("=")
        name = domain.strip().lower().removeprefix("@")
        if not equals or not name or (name != "*" and "." not in name) or name in found:
            raise ValueError("must be DOMAIN=RATE, separated by commas, each domain once.")
        found[name] = rate(number.strip())
    return tuple(found.items())


def pause_at(raw: str) -> tuple[tuple[str, float], ...]:
    """`NAME=PERCENT,…` over the defaults, as pairs. Raises ValueError."""
    shares = dict(JUDGED)
    for part in filter(None, (each.strip() for each in raw.split(","))):
        name, _, number = part.partition("=")
        digits = number.strip().replace(".", "", 1)
        if name.strip() not in shares or not digits.isdecimal() or not 0 <= float(number) <= 100:
            raise ValueError(f"must be NAME=PERCENT, separated by commas, with NAME of {', '.join(shares)}.")
        shares[name.strip()] = float(number)
    return tuple(shares.items())


_BUCKET = {
    "region": r"[a-z0-9-]{1,40}",
    "endpoint": r"https?://[^/\s]+/?",
    "encryption": r"AES256|aws:kms",
    "kms_key": r"[A-Za-z0-9:/_-]{1,200}",
    "public": r"https?://[^\s?#'\";,]+",
}


def bucket(raw: str) -> str:
    """`disk`, or `s3://BUCKET` with options behind a question mark, each once. Raises ValueError."""
    if raw == "disk":
        return raw
    parts = urlsplit(raw)
    if parts.scheme != "s3" or not parts.netloc or parts.path.strip("/"):
        raise ValueError("must be disk or s3://BUCKET.")
    given = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in given:
        if name not in _BUCKET or not re.fullmatch(_BUCKET[name], value):
            raise ValueError(
                "behind s3://BUCKET? make sense: region=NAME, endpoint=URL, encryption=AES256 or aws:kms, kms_key=ID, public=URL."
            )
    options = dict(given)
    if len(options) < len(given) or ("kms_key" in options and options.get("encryption") != "aws:kms"):
        raise ValueError("names an option twice, or a kms_key without encryption=aws:kms.")
    return raw


def bucket_origins(raw: str) -> tuple[str, str]:
    """Of a store that `bucket` has read: the origins that pages load public pictures from and that browsers send files to, as a Content-Security-Policy lists them; empty for none."""
    parts = urlsplit(raw)
    if parts.scheme != "s3":
        return "", ""
    options = dict(parse_qsl(parts.query))
    public = urlsplit(options.get("public", ""))
    shown = f"{public.scheme}://{public.netloc}" if public.netloc else ""
    if "endpoint" in options:
        return shown, options["endpoint"].rstrip("/")
    region = options.get("region", "us-east-1")
    hosts = (f"{parts.netloc}.s3.{region}", f"{parts.netloc}.s3", f"s3.{region}")
    return shown, " ".join(f"https://{host}.amazonaws.com" for host in hosts)


def host(raw: str) -> str:
    """A host's name in small letters. Raises ValueError."""
    name = raw.strip().removesuffix(".").lower()
    if not _HOST.fullmatch(name):
        raise ValueError("must be a host's name such as bounce.throughline.example.")
    return name


def spf_terms(raw: str) -> str:
    """Mechanisms of an SPF record that say yes, with one blank between. Raises ValueError."""
    terms = raw.lower().split()
    if not terms or not all(term.startswith(("include:", "ip4:", "ip6:", "a:", "mx:")) for term in terms):
        raise ValueError("must hold terms such as include:spf.throughline.example or ip4:192.0.2.25.")
    return " ".join(terms)


def dns_server(raw: str) -> str:
    """`ADDRESS:PORT`, an IP address in brackets where it is one of IPv6. Raises ValueError."""
    address, _, port = raw.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("must be ADDRESS:PORT, such as 127.0.0.1:53.")
    try:
        ip_address(address.strip("[]"))
    except ValueError:
        raise ValueError("must be ADDRESS:PORT, such as 127.0.0.1:53.") from None
    return raw


def receiver(raw: str) -> str:
    """Where returned mail is taken: `smtp:ADDRESS:PORT`, `lmtp:ADDRESS:PORT`, `lmtp:/PATH` or `off`. Raises ValueError."""
    kind, _, where = raw.partition(":")
    host, _, port = where.rpartition(":")
    if raw == "off" or (kind == "lmtp" and where.startswith("/")):
        return raw
    if kind not in ("smtp", "lmtp") or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("must be smtp:ADDRESS:PORT, lmtp:ADDRESS:PORT, lmtp:/PATH/OF/SOCKET or off.")
    return raw


def topics(raw: str) -> tuple[str, ...]:
    """ARNs of topics of Amazon SNS. Raises ValueError."""
    found = tuple(part.strip() for part in raw.split(",") if part.strip())
    if not all(TOPIC.fullmatch(one) for one in found):
        raise ValueError(
            "must be ARNs such as arn:aws:sns:eu-west-1:123456789012:bounces, separated by commas."
        )
    return found
