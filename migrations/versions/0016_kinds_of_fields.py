"""Fields of a partner's own have a kind

Revision 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "contact_field",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("folded", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("choices", _JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_contact_field_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_field")),
        sa.UniqueConstraint("partner_id", "folded", name=op.f("uq_contact_field_partner_id_folded")),
        sa.UniqueConstraint("pid", name=op.f("uq_contact_field_pid")),
    )


def downgrade() -> None:
    op.drop_table("contact_field")
