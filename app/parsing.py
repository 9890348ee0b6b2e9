"""Settings that are more than one word: rates of sending, and the shares at which a send pauses by itself.

Each function takes a variable's text and raises ValueError with what it must be.
"""

# Percent of a send. Complaints: Gmail and Yahoo ask senders never to reach 0.3 %.
JUDGED = (("refused", 5.0), ("bounced", 5.0), ("complained", 0.3), ("uncertain", 2.0))


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
