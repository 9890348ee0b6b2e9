"""A send that goes badly pauses by itself, with figures and what to do, before it harms the sender's name.

Shares are those of the settings; what a person has seen and gone on after is not held against the send again.
"""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.campaigns.models import Campaign
from app.db import db
from app.delivery import tally
from app.delivery.models import OUR_OWN_DEATH, Delivery, DeliveryState, Send
from app.delivery.returned.queries import of_sends
from app.settings import Settings

_LEAST = 3  # fewer of a kind say nothing, whatever their share
_S = DeliveryState

_WORDS = {
    "refused": "{bad} of {of} messages ({share}) were refused. See why under Messages, take those addresses out, then go on.",
    "bounced": "{bad} of {of} messages ({share}) came back. Take old addresses out of your list, then go on.",
    "complained": "{bad} of {of} people ({share}) called it spam; providers block senders from 0.3 %. Think who should get it, then go on.",
    "uncertain": "For {bad} of {of} messages ({share}) the mail server broke off before it answered. Ask whoever runs it, then go on.",
}


@dataclass(frozen=True)
class Finding:
    """A threshold that was reached: `bad` of `decided` messages."""

    kind: str
    bad: int
    decided: int

    @property
    def words(self) -> str:
        """The reason for people, with what to do."""
        share = 100 * self.bad / max(self.decided, 1)
        shown = f"{share:.1f} %" if share < 10 else f"{share:.0f} %"
        return _WORDS[self.kind].format(bad=f"{self.bad:,}", of=f"{self.decided:,}", share=shown)


def bad(send: Send, counts: tally.Counts) -> dict[str, int]:
    """What is held against a send so far, by kind, and how many messages were decided. Deaths of our own are not held against it."""
    found = {
        "refused": counts.get(_S.REJECTED, 0) + counts.get(_S.FAILED, 0),
        "uncertain": _broken_off(send) if counts.get(_S.UNCERTAIN) else 0,
        "bounced": 0,
        "complained": 0,
    }
    found["decided"] = counts.get(_S.ACCEPTED, 0) + found["refused"] + found["uncertain"]
    came = of_sends([send.id])
    return found | {"bounced": came.bounced, "complained": came.complained}


def _broken_off(send: Send) -> int:
    """Uncertain messages whose mail server is to blame."""
    uncertain = (Delivery.send_id == send.id, Delivery.state == _S.UNCERTAIN)
    not_ours = Delivery.reason.is_distinct_from(OUR_OWN_DEATH)
    query = select(func.count()).select_from(Delivery).where(*uncertain, not_ours)  # unscoped: of this send
    return db.session.scalar(query) or 0


def judge(settings: Settings, now: dict[str, int], before: dict[str, int]) -> Finding | None:
    """The threshold that was reached since `before`; None while all is well, or too little is known."""
    since = {kind: number - before.get(kind, 0) for kind, number in now.items()}
    if since["decided"] < settings.pause_after:
        return None
    for kind, percent in settings.pause_at:
        if percent and since[kind] >= max(_LEAST, since["decided"] * percent / 100):
            return Finding(kind, since[kind], since["decided"])
    return None


def forgive(campaign: Campaign) -> None:
    """A person has seen the figures and goes on: from here on only what is new counts."""
    sends = list(
        db.session.scalars(select(Send).where(Send.campaign_id == campaign.id))
    )  # unscoped: of this campaign
    for send, figures in zip(sends, tally.of(sends), strict=True):
        send.judged_from = bad(send, figures.counts)
