"""Sequences: the steps of a campaign, and for whom they are over

Revision 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "sequence_end",
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("partner_id", _ID, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_sequence_end_campaign_id"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_sequence_end_contact_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name="fk_sequence_end_partner_id"),
        sa.PrimaryKeyConstraint("campaign_id", "contact_id", name="pk_sequence_end"),
    )
    op.create_index("ix_sequence_end_contact_id", "sequence_end", ["contact_id"])
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("unless", _JSON, nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("only", _JSON, nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("left_out", _JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("send", schema=None) as batch_op:
        for name in ("left_out", "only", "unless", "starts_at", "step"):
            batch_op.drop_column(name)
    op.drop_index("ix_sequence_end_contact_id", table_name="sequence_end")
    op.drop_table("sequence_end")
