"""The work of a check before sending: addresses of our own are looked up, all others asked side by side, never inside a transaction."""

import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import structlog
from werkzeug.exceptions import HTTPException

from app.assets.queries import public_asset
from app.assets.store import store
from app.campaigns import preview
from app.campaigns.send_test import finished
from app.clock import now
from app.db import db
from app.errors import AppError
from app.flows import precheck, spam_score
from app.flows.check import LaunchCheck, check
from app.flows.mail_targets import Target, fingerprint, targets
from app.flows.probe import Kind, Seen, look
from app.flows.records import MailCheckState
from app.kits.queries import media_file
from app.outbound import Client, client_for
from app.settings import Settings, current
from app.web.hosts import route_of

log = structlog.get_logger(__name__)

SIDE_BY_SIDE = 8
SECONDS = 50.0  # for all addresses together; RQ ends a job after 120
SPAM_SECONDS = 50.0  # for all mails together
_NOTE_EVERY = 0.7
_SHOWN = 90  # characters of an address on the page


@dataclass(frozen=True)
class Line:
    """One line of the result. `state` is met or warn; `href` leads to where it is mended, `action` says so."""

    state: str
    title: str
    note: str = ""
    href: str = ""
    action: str = ""


def check_mail(check_id: int) -> None:
    """Check a campaign's mails (needs an application context). Commits before, between and after the network."""
    row = precheck.claim(check_id)
    if row is None:
        db.session.rollback()
        return
    attempt, key = row.attempts, row.fingerprint
    found = check(None, precheck.campaign_of(row))
    if not found.steps or fingerprint(found) != key:
        precheck.note(check_id, attempt, state=MailCheckState.FAILED, finished_at=now())
        db.session.commit()
        return
    wanted = targets(found)
    seen = {target: got for target in wanted if (got := _own(target, current())) is not None}
    mails = _for_spam(found)
    command = spam_score.program()
    total = len(wanted) + (len(mails) if command else 0)
    precheck.note(check_id, attempt, total=total, done=len(seen))
    db.session.commit()
    seen |= _ask_all(
        client_for(current()), [t for t in wanted if t not in seen], check_id, attempt, len(seen)
    )
    lines = _lines(found, seen) + (_spam(mails, command) if command else [])
    values = {"state": MailCheckState.DONE, "found": [asdict(line) for line in lines]}
    precheck.note(check_id, attempt, done=total, total=total, finished_at=now(), **values)
    db.session.commit()
    log.info("mail_check.done", check_id=check_id, addresses=len(wanted))


def _own(target: Target, settings: Settings) -> Seen | None:
    """What is known of an address of our own without asking anybody; None for all others."""
    if urlsplit(target.url).netloc not in (settings.public_host, settings.app_host):
        return None
    try:
        endpoint, values = route_of(target.url)
        if endpoint == "media.file":
            asset = public_asset(str(values["pid"]))
            key, kind = asset.key, asset.content_type
        elif endpoint == "media.kit":
            facts = media_file(str(values["pid"]), str(values["path"]))
            key, kind = str(facts["key"]), str(facts["type"])
        else:
            return Seen() if target.kind == "link" else Seen("What comes is no picture.")
        if not store().exists(key):
            return Seen("The file is gone.")
    except (AppError, HTTPException):
        return Seen("There is no such page (404).")
    return Seen() if target.kind == "link" or kind.startswith("image/") else Seen("What comes is no picture.")


def _ask_all(
    client: Client, wanted: list[Target], check_id: int, attempt: int, before: int
) -> dict[Target, Seen]:
    """Ask the rest, noting how many are done as they come in."""
    found: dict[Target, Seen] = {}
    deadline = time.monotonic() + SECONDS
    pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="mail-check")
    pending: dict[Future[Seen], Target] = {
        pool.submit(look, client, target.url, target.kind): target for target in wanted
    }
    try:
        while pending and time.monotonic() < deadline:
            done, _ = wait(pending, timeout=_NOTE_EVERY)
            for future in done:
                found[pending.pop(future)] = future.result()
            precheck.note(check_id, attempt, done=before + len(found))
            db.session.commit()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    late = Seen("There was no time left to look at it. Check again.", doubtful=True)
    return found | dict.fromkeys(pending.values(), late)


def _lines(found: LaunchCheck, seen: dict[Target, Seen]) -> list[Line]:
    lines = []
    if any(link.kind == "landing" for mail in found.steps for link in mail.versions[0].links):
        lines.append(Line("met", "The landing page is ready", "It is published with the launch."))
    for kind in ("link", "picture"):
        mine = {target: got for target, got in seen.items() if target.kind == kind}
        lines += [_trouble(found, target, got) for target, got in mine.items() if got.trouble]
        lines += _summed_up(kind, mine)
    return lines


_WORDS: dict[Kind, tuple[str, str, str, str]] = {
    "link": ("link", "links", "answers", "answer"),
    "picture": ("picture", "pictures", "loads", "load"),
}


def _summed_up(kind: Kind, seen: dict[Target, Seen]) -> list[Line]:
    if not seen:
        return []
    one, many, does, do = _WORDS[kind]
    fine = Counter(not got.trouble for got in seen.values())[True]
    if fine == len(seen):
        title = f"The {one} {does}" if fine == 1 else f"All {fine} {many} {do}"
        return [Line("met", title)]
    others = f"The other {one} {does}" if fine == 1 else f"The other {fine} {many} {do}"
    return [Line("met", others)] if fine else []


def _trouble(found: LaunchCheck, target: Target, got: Seen) -> Line:
    one = "A link" if target.kind == "link" else "A picture"
    what = "could not be checked" if got.doubtful else "doesn’t work"
    shown = target.url if len(target.url) <= _SHOWN else target.url[: _SHOWN - 1] + "…"
    where = " and ".join(f"“{title}”" for title in target.mails[:3])
    note = f"In {where}. {got.trouble}"
    if target.slot is None:
        return Line(
            "warn", f"{one} {what}: {shown}", f"{note} It comes with the kit: tell {found.vendor.name}."
        )
    href = f"/campaigns/{found.campaign.pid}/words#slot-{target.slot.name}"
    return Line("warn", f"{one} {what}: {shown}", note, href, "Change it")


def _for_spam(found: LaunchCheck) -> list[tuple[str, bytes]]:
    """Each mail as an example person gets it, for a filter to read."""
    if found.made is None:
        return []
    known, token = preview.PEOPLE["known"], "test.example"
    return [
        (mail.piece.title, finished(found.made, mail.versions[0], known["email"], known, token))
        for mail in found.steps
    ]


def _spam(mails: list[tuple[str, bytes]], command: tuple[str, ...]) -> list[Line]:
    lines = []
    deadline = time.monotonic() + SPAM_SECONDS
    for title, raw in mails:
        left = deadline - time.monotonic()
        got = spam_score.score(raw, command, min(left, spam_score.SECONDS)) if left > 1 else None
        if got is None:
            continue
        name = "A spam filter" if len(mails) == 1 else f"“{title}”: a spam filter"
        fine = got.points < got.limit / 2
        why = "; ".join(f"{points:.1f} for “{reason}”" for points, reason in got.reasons)
        note = f"From {got.limit:.1f} on it counts as spam. {f'Most: {why}.' if why and not fine else ''}".strip()
        lines.append(Line("met" if fine else "warn", f"{name} gives it {got.points:.1f} points", note))
    return lines
