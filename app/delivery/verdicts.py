"""What an SMTP reply means for a message, for its connection and for the campaign. No reply is read here, none is waited for."""

from app.delivery.reply import Reply
from app.delivery.wire import Outcome, Verdict


def refusal(reply: Reply, has_served: bool, what: str) -> Outcome:
    """A refusal of `what`: 4xx puts it off, 5xx is for good. `has_served`: this connection has taken messages before."""
    if reply.code == 421:
        return unavailable(reply, has_served)
    if 400 <= reply.code < 500:
        return Outcome(Verdict.LATER, f"The mail server puts {what} off", reply.words)
    if 500 <= reply.code < 600:
        return Outcome(Verdict.REJECTED, f"The mail server refuses {what}", reply.words)
    return Outcome(Verdict.LATER, "The mail server’s answer makes no sense here", reply.words)


def sender_refused(reply: Reply, has_served: bool) -> Outcome:
    """A refusal of the sender says nothing about the recipient: the campaign pauses, nobody is rejected."""
    if reply.code < 500:
        return refusal(reply, has_served, "the sender")
    stop = f"The mail server refuses the sender: {reply.words}"
    return Outcome(
        Verdict.LATER, "The mail server refuses the sender", reply.words, is_fault=False, stop=stop
    )


def unavailable(reply: Reply, has_served: bool) -> Outcome:
    """421: this connection ends. Where it took messages before, another one may; where it took none, the server is closed to us."""
    stop = "" if has_served else f"The mail server is not available: {reply.words}"
    return Outcome(Verdict.LATER, "The mail server is closing", reply.words, is_fault=False, stop=stop)


def ends(reply: Reply) -> bool:
    """Whether the connection is over with this refusal: 421, or 2xx and 3xx where none belongs, after which nobody knows who is where."""
    return reply.code == 421 or reply.code < 400


def never_left(words: str, is_fault: bool) -> Outcome:
    """The line was of no use before a byte of the body left. `is_fault`: it may have been this message's."""
    return Outcome(Verdict.LATER, f"Before the message left, the mail server {words}"[:80], is_fault=is_fault)


def broken_off(words: str) -> Outcome:
    """The line broke while the body left, its end not yet."""
    return Outcome(Verdict.LATER, f"While the message left, the mail server {words}"[:80])


def unanswered(words: str) -> Outcome:
    """The end of the body left, and no well-formed answer came: nobody can know."""
    said = f"No answer to the last line: the server {words}"
    return Outcome(Verdict.UNCERTAIN, f"Their server took the message, then {words}"[:80], said[:200])
