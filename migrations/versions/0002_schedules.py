"""Schedules: whose clock, within which hours, what was missed; countries and time zones of contacts

Revision 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pulse",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pulse")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("clock", sa.String(length=32), server_default="campaign", nullable=False)
        )
        batch_op.add_column(sa.Column("planned_for", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("send_window", _JSON, nullable=True))
        batch_op.add_column(sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("launch_tries", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("launch_again", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("country", sa.String(length=2), server_default="", nullable=False))
        batch_op.add_column(sa.Column("time_zone", sa.String(length=64), server_default="", nullable=False))
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.add_column(sa.Column("timing", _JSON, nullable=True))
        batch_op.add_column(sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.drop_column("opens_at")
        batch_op.drop_column("timing")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_column("time_zone")
        batch_op.drop_column("country")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        for name in ("launch_again", "launch_tries", "missed_at", "send_window", "planned_for", "clock"):
            batch_op.drop_column(name)
    op.drop_table("pulse")
