"""What comes back: evidence about messages, mails not yet heard, and addresses that were corrected

Revision 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "returned_mail",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=True),
        sa.Column("delivery_id", _BIG, nullable=True),
        sa.Column("send_id", _BIG, nullable=True),
        sa.Column("contact_id", _BIG, nullable=True),
        sa.Column("address_hash", sa.String(43), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("words", sa.String(300), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("dedupe", sa.String(64), nullable=False),
        sa.Column("lifted_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_mail")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_returned_mail_dedupe")),
    )
    op.create_index("ix_returned_mail_contact", "returned_mail", ["contact_id"], unique=False)
    op.create_index("ix_returned_mail_delivery", "returned_mail", ["delivery_id"], unique=False)
    op.create_index("ix_returned_mail_received", "returned_mail", ["received_at"], unique=False)
    op.create_index(
        "ix_returned_mail_send_kind", "returned_mail", ["send_id", "kind", "delivery_id"], unique=False
    )
    op.create_table(
        "incoming_mail",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("delivery_id", _BIG, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_mail")),
    )
    op.create_table(
        "address_change",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("address_hash", sa.String(43), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_address_change_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_address_change_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
    )
    op.create_index(op.f("ix_address_change_contact_id"), "address_change", ["contact_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_address_change_contact_id"), table_name="address_change")
    op.drop_table("address_change")
    op.drop_table("incoming_mail")
    op.drop_index("ix_returned_mail_send_kind", table_name="returned_mail")
    op.drop_index("ix_returned_mail_received", table_name="returned_mail")
    op.drop_index("ix_returned_mail_delivery", table_name="returned_mail")
    op.drop_index("ix_returned_mail_contact", table_name="returned_mail")
    op.drop_table("returned_mail")
