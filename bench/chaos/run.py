"""One send of the catalogue: launched like any other, watched through the mail server's log, and judged at its end.

What must hold is in `judge`: the invariants of docs/delivery.md, on the rows and on what the mail server really accepted.
"""

import itertools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from app import tokens
from app.audience.models import SuppressionReason, SuppressionScope
from app.audience.suppress import address_hash, suppress
from app.campaigns.models import Campaign
from app.db import db
from app.delivery.compose import DELIVERY
from app.delivery.models import DeliveryState
from bench import stage
from bench.chaos.oracle import Arrival
from bench.chaos.world import LANES, World, moment, wait_for

S = DeliveryState
_SENT = (S.ACCEPTED, S.UNCERTAIN, S.COMMITTING)
_UNSENT = ("ready", "claimed", "held")


@dataclass
class Verdict:
    """What a send was like in the end. `resume_s`: the longest time after the fault in which nothing was accepted."""

    lost: int = 0
    duplicates: int = 0
    uncertain: int = 0
    resume_s: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def blame(self, text: str) -> None:
        """Note what doesn't hold."""
        if len(self.wrong) < 20:
            self.wrong.append(text)


class Run:
    """A campaign of so many people, from the Launch button on."""

    def __init__(self, world: World, campaign: Campaign, people: int) -> None:
        self.world, self.people = world, people
        self.campaign_id, self.pid = campaign.id, campaign.pid
        self.began = moment()
        self.no: dict[int, str] = {}  # deliveries whose people said no in time
        stage.press(world.stage, campaign)
        db.session.commit()
        self.send_id = 0

    def find_send(self) -> int:
        """The send's id, once the launch has frozen it; 0 before."""
        if not self.send_id:
            rows = self.world.query(f"SELECT id FROM send WHERE campaign_id = {self.campaign_id}")
            self.send_id = int(rows[0][0]) if rows else 0
        return self.send_id

    @property
    def accepted(self) -> int:
        """How many the mail server has accepted since the launch; one send runs at a time."""
        return len(self.world.mail.since(self.began))

    def middle(self, share: float = 0.3, seconds: float = 120) -> None:
        """Wait until this share of the people have their mail. Raises Stuck."""
        wanted = max(1, int(self.people * share))
        wait_for(
            lambda: self.accepted >= wanted, seconds, f"{wanted} of {self.people} ({self.accepted} are out)"
        )

    def status(self) -> str:
        """The campaign's state."""
        return str(self.world.query(f"SELECT status FROM campaign WHERE id = {self.campaign_id}")[0][0])

    def end(self, seconds: float = 180) -> None:
        """Wait until the campaign is finished. Raises Stuck, with the states that its messages are in."""

        def over() -> bool:
            return self.status() == "finished"

        try:
            wait_for(over, seconds, "the end of the send")
        except RuntimeError as error:
            raise type(error)(f"{error}: {self.status()}, {dict(self.states())}") from None

    def states(self) -> Counter[str]:
        """How many messages are in which state."""
        return Counter(row[1] for row in self.rows())

    def rows(self) -> list[tuple[int, str, str]]:
        """Id, state and address of every message of this send."""
        found = self.world.query(
            "SELECT d.id, d.state, c.email FROM delivery d JOIN contact c ON c.id = d.contact_id"
            f" WHERE d.send_id = {self.find_send()} ORDER BY d.id"
        )
        return [(int(row[0]), str(row[1]), str(row[2])) for row in found]

    def say_no(self, many: int = 10) -> None:
        """Have people at the end of the list unsubscribe; those whose row has not begun to leave must never be mailed."""
        chosen = [row for row in self.rows() if row[1] in _UNSENT][-many:]
        partner = self.world.stage.partner.organisation.id
        for _, _, email in chosen:
            suppress(SuppressionScope.PARTNER, partner, address_hash(email), SuppressionReason.UNSUBSCRIBE)
        db.session.commit()
        asked = {row[0] for row in chosen}
        self.no |= {row[0]: row[2] for row in self.rows() if row[0] in asked and row[1] in _UNSENT}

    def arrivals(self) -> dict[int, list[Arrival]]:
        """What the mail server accepted of this send, by delivery."""
        key = tokens.token_key()
        found: dict[int, list[Arrival]] = {}
        for arrival in self.world.mail.since(self.began):
            found.setdefault(tokens.read(DELIVERY, arrival.token, key), []).append(arrival)
        return found

    def silence(self, since: float, many: int | None = None) -> float:
        """The longest time from `since` to the last arrival, or to the first `many`, in which nothing was accepted, in seconds."""
        moments = [since, *(each.at for each in self.world.mail.since(since)[:many])]
        return max((after - before for before, after in itertools.pairwise(moments)), default=0.0)

    def look(self) -> Verdict:
        """What must hold at every moment, also in the middle."""
        verdict = Verdict()
        before = self.arrivals()
        rows = self.rows()
        after = self.arrivals()
        by_id = {row[0]: row for row in rows}
        for delivery, found in before.items():
            if delivery not in by_id:
                verdict.blame(f"a mail that no row explains: {delivery}")
            elif by_id[delivery][1] not in _SENT:
                verdict.blame(f"delivery {delivery} was accepted, and its row says {by_id[delivery][1]}")
            verdict.duplicates += len(found) - 1
        for delivery, state, _ in rows:
            if state == S.ACCEPTED and delivery not in after:
                verdict.lost += 1
                verdict.blame(f"delivery {delivery} counts as accepted, and the mail server never had it")
        if verdict.duplicates:
            verdict.blame(f"{verdict.duplicates} messages went out twice")
        verdict.states = Counter(row[1] for row in rows)
        verdict.uncertain = verdict.states[S.UNCERTAIN]
        return verdict

    def judge(
        self, since: float, in_flight: int = LANES, others: Collection[str] = (), named: int = 0
    ) -> Verdict:
        """All invariants at the end of the send.

        `in_flight`: how many may be uncertain; `others`: states that the script of some addresses leads to, `named` of them at most.
        """
        verdict = self.look()
        verdict.resume_s = round(self.silence(since), 1)
        sums = self.world.query(f"SELECT expanded, expected, status FROM send WHERE id = {self.find_send()}")[
            0
        ]
        rows = self.rows()
        if not len(rows) == sums[0] == sums[1] == self.people:
            verdict.blame(f"{len(rows)} rows, {sums[0]} expanded, {sums[1]} expected, {self.people} people")
        verdict.lost += max(0, self.people - len(rows))
        if verdict.uncertain > in_flight:
            verdict.blame(f"{verdict.uncertain} are uncertain, and {in_flight} were in flight")
        self._judge_the_rest(verdict, rows, others, named)
        return verdict

    def _judge_the_rest(
        self, verdict: Verdict, rows: list[tuple[int, str, str]], others: Collection[str], named: int
    ) -> None:
        arrived = self.arrivals()
        strange = 0
        for delivery, state, _ in rows:
            if delivery in self.no and (state != S.SUPPRESSED or delivery in arrived):
                verdict.blame(f"delivery {delivery} said no in time, and its row says {state}")
            if delivery in self.no or state in (S.ACCEPTED, S.UNCERTAIN):
                continue
            strange += 1
            if state not in others or strange > named:
                verdict.lost += 1
                verdict.blame(f"delivery {delivery} ended as {state}")
