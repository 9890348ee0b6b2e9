"""What is known of a contact's past: addresses that were corrected, so that late news about an old one is not held against the new."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, Id, UtcDateTime


class AddressChange(Id, Base):
    """A contact had the address with this keyed hash until then."""

    __tablename__ = "address_change"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    address_hash: Mapped[str] = mapped_column(String(43))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
