"""`make bench-sign`: DKIM signatures a second on one core, through the product's own signer, for a campaign's mail of about 10 KB.

Beside it stand OpenSSL alone, by its own command, so that none of our code stands between the figure and the machine, and dkimpy. The
three take turns on the same core, seconds are those of the processor and the best turn of each counts, so that neighbours on the
machine matter less. The last line is the result as JSON.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable

import dkim

from app.delivery.dkim import SIGNED, Signer
from app.kits.samples import CONTACT, PARTNER, VENDOR, WHY
from app.render.email import EmailSource, compile_email
from app.render.mime import MessageHeaders, Recipient, Segments, Tokens, build

_LINE = re.compile(r"^rsa\s*2048 bits\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)\s", re.MULTILINE)
_TURNS = 5
_SECONDS = 1.0  # a turn
_WORDS = "Hello {{ contact.first_name }}, thirty points, two hours, one list: where the office at home lets strangers in."
_SELECTOR, _DOMAIN = "s1", "news.harbour-it.example"


def capacity(seconds: float = 3, processes: int | None = None) -> float:
    """RSA-2048 signatures a second over `processes` (all cores, if not said), measured for `seconds`, at least one.

    Raises OSError where openssl is not installed.
    """
    asked = ["openssl", "speed", "-seconds", str(max(1, round(seconds)))]
    many = processes or os.cpu_count() or 1
    asked += (["-multi", str(many)] if many > 1 else []) + ["rsa2048"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30 + 10 * seconds, check=True)
    found = _LINE.search(done.stdout)
    if found is None:
        raise ValueError("openssl speed printed no line for RSA-2048.")
    return float(found[1])


def segments() -> Segments:
    """A campaign's mail, compiled as at a launch."""
    text = f"<mj-text>{_WORDS}</mj-text>" * 11
    button = '<mj-button href="{{ link.landing }}">See it</mj-button><mj-text><a href="{{ link.unsubscribe }}">Unsubscribe</a></mj-text>'
    inside = f"<mj-section><mj-column>{text}{button}</mj-column></mj-section>"
    source = EmailSource(f"<mjml><mj-body>{inside}</mj-body></mjml>", "Is home the weakest door?")
    compiled = compile_email(source, {}, PARTNER, VENDOR, WHY, "en")
    head = MessageHeaders(
        "Harbour IT", f"hello@{_DOMAIN}", "https://go.throughline.example", "hello@harbour-it.example"
    )
    return build(compiled, head)


def mails(count: int) -> list[bytes]:
    """So many finished mails, each with tokens of its own."""
    made, found = segments(), []
    for number in range(count):
        token = f"{number:032d}"
        to = Recipient(f"p{number}@people.example", Tokens(token, token, token, token), dict(CONTACT))
        found.append(made.splice(to, "8bit"))
    return found


def per_second(sign: Callable[[bytes], object], messages: list[bytes]) -> float:
    """How often `sign` comes to its end in a second of the processor's time, which is what openssl's own command counts too."""
    done, began = 0, time.process_time()
    while (taken := time.process_time() - began) < _SECONDS:
        sign(messages[done % len(messages)])
        done += 1
    return done / taken


def main() -> None:
    """Measure and print."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    signer, messages = Signer(_DOMAIN, _SELECTOR, pem), mails(200)
    names = [name.encode() for name in SIGNED]

    def theirs(message: bytes) -> bytes:
        return bytes(
            dkim.sign(
                message, _SELECTOR.encode(), _DOMAIN.encode(), pem,
                canonicalize=(b"relaxed", b"relaxed"), include_headers=names,
            )
        )  # fmt: skip

    turns = [
        (per_second(signer.header, messages), per_second(theirs, messages), capacity(1, 1))
        for _ in range(_TURNS)
    ]
    ours, dkimpy, openssl = (max(turn[at] for turn in turns) for at in range(3))
    result = {
        "signatures_per_s": round(ours),
        "openssl_per_s": round(openssl),
        "dkimpy_per_s": round(dkimpy),
        "bytes": len(messages[0]),
        "cores": 1,
    }
    print(f"{ours:,.0f} signatures a second on one core; OpenSSL alone {openssl:,.0f}, dkimpy {dkimpy:,.0f}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
