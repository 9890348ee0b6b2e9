"""The way back: what a returned mail says about whom. Pure: bytes in, a verdict out; nothing is read or written elsewhere."""

from app.delivery.bounces.classify import classify
from app.delivery.bounces.kinds import Cause, Kind, Recipient, Verdict

__all__ = ["Cause", "Kind", "Recipient", "Verdict", "classify"]
