"""`make bench-send`: a campaign from the Launch button to the last 250, beside Postfix's own load generator into the same kind of sink.

RECIPIENTS, DB (sqlite or postgresql), CONNECTIONS and DKIM come from the environment; the last line is the result as JSON.
With DKIM=1 we sign each mail ourselves, and the result is also compared with the machine's own RSA-2048 signatures per second.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from app import tokens
from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.delivery.compose import DELIVERY
from app.delivery.models import Delivery, DeliveryState, Send
from app.errors import AppError
from app.queue import JobName
from bench import journal, sign, sink, stage
from bench.place import POSTGRESQL, SQLITE, Place, place, wait
from tests.rig import postgres

_OVER = ("finished", "paused", "cancelled")
_SLOWEST = 20  # messages per second, below which a run counts as stuck


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    recipients: int
    db: str
    connections: int
    dkim: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Order":
        """Read it from the environment. Raises ValueError with what is wrong."""
        asked = cls(
            int(environ.get("RECIPIENTS") or 100_000),
            environ.get("DB") or SQLITE,
            int(environ.get("CONNECTIONS") or 80),
            environ.get("DKIM") == "1",
        )
        if asked.db not in (SQLITE, POSTGRESQL):
            raise ValueError(f"DB is {SQLITE} or {POSTGRESQL}.")
        if asked.recipients < 1 or not 1 <= asked.connections <= 200:
            raise ValueError("RECIPIENTS is at least 1, CONNECTIONS from 1 to 200.")
        return asked


@dataclass(frozen=True)
class Sent:
    """What our side did. `seconds`: from the first slice's start to the last row decided; `size`: bytes of a mail on the wire."""

    states: dict[str, int]
    seconds: float
    expand_s: float
    rss_mb: float
    size: int
    lost: int
    duplicates: int
    strange: int
    signed: int

    @property
    def accepted(self) -> int:
        """How many the sink said 250 to, by our own rows."""
        return self.states.get(str(DeliveryState.ACCEPTED), 0)


def main() -> int:
    """Measure and report; exit code 1 where a message was lost or doubled."""
    try:
        order = Order.from_env(os.environ)
        result, sound = run(order)
    except (ValueError, sink.Missing, postgres.Missing, AppError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(result), flush=True)
    return 0 if sound else 1


def run(order: Order) -> tuple[dict[str, object], bool]:
    """Our side, then the limit, each with a sink of its own."""
    mail_allow = ",".join(f"@{domain}" for domain in stage.DOMAINS)
    with place(order.db, MAIL_TRANSPORT="smtp://127.0.0.1:1", MAIL_ALLOW=mail_allow) as here:
        sent = ours(here, order)
        with sink.sink() as plain:
            most = sink.limit(plain, order.recipients, order.connections, sent.size)
    rate = sent.accepted / sent.seconds if sent.seconds else 0.0
    sound = not (sent.lost or sent.duplicates or sent.strange)
    _say(f"smtp-source: {most:,.0f} messages/s of the same size over as many connections")
    result: dict[str, object] = {
        "db": order.db,
        "recipients": order.recipients,
        "messages_per_s": round(rate, 1),
        "limit_messages_per_s": round(most, 1),
        "ratio": round(rate / most, 3),
        "expand_s": round(sent.expand_s, 3),
        "rss_mb": sent.rss_mb,
        "sent": sent.accepted,
        "lost": sent.lost,
        "duplicates": sent.duplicates,
    }
    if order.dkim:
        capacity = sign.capacity()
        _say(
            f"openssl: {capacity:,.0f} RSA-2048 signatures/s over all cores; {sent.signed:,} mails were signed"
        )
        result |= {"signatures_per_s": round(capacity, 1), "signed_ratio": round(rate / capacity, 3)}
        sound = sound and sent.signed == order.recipients
    return result, sound


def ours(here: Place, order: Order) -> Sent:
    """Set the stage, press the button, wait for the end, and count what arrived."""
    with sink.sink() as taking:
        environ = {**here.environ, "MAIL_TRANSPORT": taking.url, "SEND_CONNECTIONS": str(order.connections)}
        if order.dkim:
            environ |= _signing(here)
        here = replace(here, environ=environ)
        with here.app.app_context():
            on = stage.build()
            made = stage.campaign(on, stage.published(on), stage.people(on, order.recipients))
            db.session.commit()
            _say(f"{order.db}: {order.recipients:,} people on the list, {order.connections} connections")
            os.sync()
            with here.running("run", "beat"):
                stage.press(on, made)
                db.session.commit()
                _wait_for_end(here, order.recipients)
            return _counted(here, taking, order.recipients)


def _signing(here: Place) -> dict[str, str]:
    """A new key, and the settings that have our own side sign with it."""
    path = here.home / "dkim.pem"
    line = [sys.executable, "-m", "cli", "dkim", "key", str(path)]
    subprocess.run(line, env=dict(here.environ), check=True, capture_output=True)
    return {"DKIM_KEY": str(path), "DKIM_DOMAIN": here.app.extensions["settings"].mail_from.partition("@")[2]}


def _wait_for_end(here: Place, recipients: int) -> None:
    """Until the send is over. Raises AppError when it is paused, or stuck."""

    def over() -> bool:
        row = here.peek("SELECT status, paused_reason FROM send")
        return bool(row) and row[0] in _OVER

    came = wait(over, 120 + recipients / _SLOWEST)
    status = here.peek("SELECT status, paused_reason FROM send")
    if not came or status[0] != "finished":
        lines = "\n".join(journal.troubles(here.log("run"))[:5])
        raise AppError(f"The send did not come to its end: {status}\n{lines}")
    wait(lambda: journal.is_over(here.log("run")), 30)


def _counted(here: Place, taking: sink.Sink, recipients: int) -> Sent:
    slices = _named(here, JobName.SEND_SLICE)
    expansion = _named(here, JobName.EXPAND_SEND)
    states = {
        str(row[0]): int(row[1])
        for row in db.session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
    }
    last: datetime = db.session.scalar(select(func.max(Delivery.decided_at))) or now()
    seconds = (last - slices[0].began).total_seconds()
    arrived, size, strange, signed = _arrived(taking)
    sent = Sent(
        states=states,
        seconds=seconds,
        expand_s=sum(job.seconds for job in expansion),
        rss_mb=max(job.peak_mb for job in slices),
        size=size,
        lost=recipients - len(arrived),
        duplicates=sum(count - 1 for count in arrived.values()),
        strange=strange,
        signed=signed,
    )
    _report(here, sent, len(slices))
    return sent


def _arrived(taking: sink.Sink) -> tuple[Counter[int], int, int, int]:
    """How often each delivery is in the dump, bytes of a mail on average, how many mails no row explains, how many are signed."""
    query = select(Delivery.id, Contact.email).join(Contact, Contact.id == Delivery.contact_id)
    rows: dict[int, str] = {row[0]: row[1] for row in db.session.execute(query)}
    key = tokens.token_key()
    found: Counter[int] = Counter()
    size = strange = signed = 0
    for mail in taking.mails():
        size += mail.size
        signed += mail.is_signed
        try:
            delivery = tokens.read(DELIVERY, mail.token, key)
        except tokens.BadToken:
            delivery = 0
        if rows.get(delivery) != mail.recipient or not mail.message_id.startswith(f"<{mail.token}@"):
            strange += 1
        else:
            found[delivery] += 1
    return found, round(size / max(1, sum(found.values()) + strange)), strange, signed


def _named(here: Place, name: JobName) -> list[journal.Job]:
    return [job for job in journal.jobs(here.log("run")) if job.name == name]


def _report(here: Place, sent: Sent, slices: int) -> None:
    send = db.session.scalars(select(Send)).one()  # unscoped: the only one there is
    _say(f"Expanded {send.expanded:,} rows in {sent.expand_s:.2f} s")
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(sent.states.items()))
    _say(f"Sent in {sent.seconds:.1f} s over {slices} slices: {states}")
    _say(
        f"{sent.size / 1024:.1f} KB a mail; in the dump {sent.lost} lost, {sent.duplicates} doubled, {sent.strange} strange"
    )
    peaks = {
        job.name: job.peak_mb for job in sorted(journal.jobs(here.log("run")), key=lambda job: job.peak_mb)
    }
    _say("Largest process: " + ", ".join(f"{name} {peak:.0f} MB" for name, peak in peaks.items()))
    for line in (*journal.troubles(here.log("run")), *journal.troubles(here.log("beat"))):
        _say(f"log: {line}")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
