"""Holding the story together: every figure as the pages show it, as the database counts it, and as the mailbox or the players know it.

The database is read through its tables, apart from the queries that the pages use.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app import create_app
from app.db import db
from worker import environment


@dataclass(frozen=True)
class Row:
    """One figure from up to three sources; None where a source can't know it."""

    stage: str
    what: str
    page: str | None
    database: str
    players: str | None

    @property
    def agrees(self) -> bool:
        """Whether all sources that know it say the same."""
        return {plain(v) for v in (self.page, self.database, self.players) if v is not None} == {
            plain(self.database)
        }


def plain(value: str) -> str:
    """A figure without its dress: `EUR 12,600` and `12,600.00` are the same."""
    digits = re.sub(r"[^\d.]", "", value)
    return digits.removesuffix(".00") or "0"


_COUNTS = {
    "versions": "SELECT count(*) FROM kit_version WHERE status = 'published'",
    "contacts": "SELECT count(*) FROM contact",
    "consents": "SELECT count(*) FROM consent WHERE purpose = 'marketing'",
    "deliveries": "SELECT count(*) FROM delivery",
    "accepted": "SELECT count(*) FROM delivery WHERE state = 'accepted'",
    "undecided": "SELECT count(*) FROM delivery WHERE state NOT IN ('accepted')",
    "assigned_a": "SELECT count(*) FROM assignment a JOIN variant v ON v.id = a.variant_id WHERE v.label = 'A'",
    "assigned_b": "SELECT count(*) FROM assignment a JOIN variant v ON v.id = a.variant_id WHERE v.label = 'B'",
    "clicked_known": "SELECT count(DISTINCT contact_id) FROM tracked_event WHERE kind = 'click' AND contact_id IS NOT NULL AND is_machine = :no",
    "machine_events": "SELECT count(*) FROM tracked_event WHERE is_machine = :yes",
    "submissions": "SELECT count(DISTINCT email) FROM submission WHERE held_reason IS NULL",
    "leads": "SELECT count(*) FROM lead",
    "answered": "SELECT count(*) FROM lead WHERE answered_at IS NOT NULL",
    "deals": "SELECT count(*) FROM deal",
    "won": "SELECT count(*) FROM deal WHERE status = 'won'",
    "won_minor": "SELECT coalesce(sum(amount_minor), 0) FROM deal WHERE status = 'won'",
    "credited_minor": "SELECT coalesce(sum(amount_minor), 0) FROM credit WHERE campaign_id IS NOT NULL AND model = 'last'",
    "paid_minor": "SELECT coalesce(sum(approved_minor), 0) FROM claim WHERE status = 'paid'",
    "ledger_paid_minor": "SELECT coalesce(sum(balance_minor), 0) FROM ledger_account WHERE kind = 'paid'",
    "ledger_sum_minor": "SELECT coalesce(sum(balance_minor), 0) FROM ledger_account",
    "allocated_minor": "SELECT coalesce(sum(amount_minor), 0) FROM allocation",
    "suppressed": "SELECT count(DISTINCT address_hash) FROM suppression WHERE reason = 'unsubscribe' AND scope = 'partner'",
}


def counts(env: Mapping[str, str]) -> dict[str, int]:
    """What the database holds."""
    app = create_app(environment.load({**os.environ, **env}))
    with app.app_context():
        found = {}
        for name, query in _COUNTS.items():
            binds = {key: value for key, value in (("yes", True), ("no", False)) if f":{key}" in query}
            found[name] = int(db.session.scalar(text(query), binds) or 0)
        db.session.rollback()
    return found


def hold_together(env: Mapping[str, str], report: Mapping[str, Any]) -> list[Row]:
    """Every figure of the story with its sources side by side."""
    have, did, pages = counts(env), report["did"], report["pages"]

    def row(
        stage: str,
        what: str,
        name: str,
        page: str | None = None,
        player: str | None = None,
        money: bool = False,
    ) -> Row:
        value = f"{have[name] / 100:,.2f}" if money else f"{have[name]:,}"
        shown = None if page is None else pages.get(page, "not on the page")
        return Row(stage, what, shown, value, None if player is None else f"{did[player]:,}")

    return [
        row("kit", "versions published", "versions"),
        row("campaign", "contacts with a reason to be mailed", "consents", player="mailboxes"),
        row("delivery", "messages accepted by the mail server", "accepted", "reached", "letters"),
        row("delivery", "messages lost, doubled or undecided", "undecided"),
        row("test", "got subject A", "assigned_a"),
        row("test", "got subject B", "assigned_b"),
        row("tracking", "clicks and opens of machines, counted apart", "machine_events"),
        row("tracking", "people known to have clicked", "clicked_known", "people clicked"),
        row("landing", "people who left their details", "submissions", "left their details", "submitted"),
        row("audience", "people who unsubscribed", "suppressed", player="unsubscribed"),
        row("lead", "leads", "leads", "leads", "submitted"),
        row("lead", "leads answered", "answered", player="answered"),
        row("deal", "deals registered", "deals", "deals registered", "deals"),
        row("deal", "deals won", "won", "deals won", "won"),
        row("deal", "won, EUR", "won_minor", "vendor won", money=True),
        row("attribution", "credited to the campaign, EUR", "credited_minor", money=True),
        row("MDF", "allocated, EUR", "allocated_minor", "vendor allocated", money=True),
        row("MDF", "claims paid, EUR", "paid_minor", "vendor paid", money=True),
        row("MDF", "paid as the ledger has it, EUR", "ledger_paid_minor", "vendor paid", money=True),
        row("MDF", "all accounts of the ledger together, EUR", "ledger_sum_minor", money=True),
        Row("report", "the test’s verdict", None, report["verdict"] or "none", None),
        Row("report", "the return", None, report["returned"] or "none", None),
    ]


def table(rows: list[Row]) -> str:
    """The rows as text."""
    lines = [f"{'':2}{'stage':<13}{'what':<46}{'page':>12}{'database':>12}{'players':>12}"]
    for row in rows:
        if row.stage == "report":
            lines.append(f"{'':2}{row.stage:<13}{row.what}: {row.database}")
            continue
        mark = "✓" if row.agrees else "✗"
        lines.append(
            f"{mark:<2}{row.stage:<13}{row.what:<46}{row.page or '':>12}{row.database:>12}{row.players or '':>12}"
        )
    return "\n".join(lines)
