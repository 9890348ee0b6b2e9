"""What holds a send back or paces it, its tally, warm-up plans, and bounces and complaints by time

Revision 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COLUMNS = (
    ("served_at", sa.DateTime(timezone=True)),
    ("sender_domain", sa.String(length=255)),
    ("waits_until", sa.DateTime(timezone=True)),
    ("waits_for", sa.String(length=200)),
    ("pace", sa.String(length=200)),
    ("judged_from", _JSON),
)


def upgrade() -> None:
    with op.batch_alter_table("send", schema=None) as batch_op:
        for name, kind in _COLUMNS:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    op.create_table(
        "send_tally",
        sa.Column(
            "send_id",
            _BIG,
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("counts", _JSON, nullable=False),
        sa.Column("points", _JSON, nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("upto", _BIG, server_default="0", nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_send_tally_send_id")),
        sa.PrimaryKeyConstraint("send_id", name=op.f("pk_send_tally")),
    )
    op.create_table(
        "warm_up",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("plan", _JSON, nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_warm_up")),
    )
    op.create_table(
        "warm_up_day",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "day", name=op.f("pk_warm_up_day")),
    )
    op.create_index(op.f("ix_suppression_reason_at"), "suppression", ["reason", "at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_suppression_reason_at"), table_name="suppression")
    op.drop_table("warm_up_day")
    op.drop_table("warm_up")
    op.drop_table("send_tally")
    with op.batch_alter_table("send", schema=None) as batch_op:
        for name, _kind in reversed(_COLUMNS):
            batch_op.drop_column(name)
