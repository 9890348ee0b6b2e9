"""A campaign's box as a zip

Revision 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "campaign_box",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(length=22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("campaign_id", _BIG, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("failure", sa.String(length=300), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("rung_at", _MOMENT, nullable=True),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_campaign_box_partner_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_box_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_box")),
        sa.UniqueConstraint("campaign_id", name=op.f("uq_campaign_box_campaign_id")),
        sa.UniqueConstraint("pid", name=op.f("uq_campaign_box_pid")),
    )
    op.create_index(op.f("ix_campaign_box_partner_id"), "campaign_box", ["partner_id"])
    op.create_index(op.f("ix_campaign_box_state"), "campaign_box", ["state"])


def downgrade() -> None:
    op.drop_index(op.f("ix_campaign_box_state"), table_name="campaign_box")
    op.drop_index(op.f("ix_campaign_box_partner_id"), table_name="campaign_box")
    op.drop_table("campaign_box")
