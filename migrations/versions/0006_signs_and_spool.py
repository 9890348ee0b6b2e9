"""Scored signs of machines, the spool's positions, and landing pages as they are served

Revision 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "spool_position",
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("offset", _BIG, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_spool_position")),
    )
    with op.batch_alter_table("published_page", schema=None) as batch_op:
        batch_op.add_column(sa.Column("served", _JSON, nullable=True))
    with op.batch_alter_table("tracked_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("score", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("signals", _JSON, nullable=True))
        batch_op.add_column(sa.Column("rules", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("tracked_event", schema=None) as batch_op:
        batch_op.drop_column("rules")
        batch_op.drop_column("signals")
        batch_op.drop_column("score")
    with op.batch_alter_table("published_page", schema=None) as batch_op:
        batch_op.drop_column("served")
    op.drop_table("spool_position")
