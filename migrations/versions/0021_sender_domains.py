"""Partners have sender domains of their own, with keys

Revision 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "sender_domain",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("local_part", sa.String(64), nullable=False),
        sa.Column("token", sa.String(43), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("held_name", sa.String(253)),
        sa.Column("has_return_path", sa.Boolean(), nullable=False),
        sa.Column("findings", _JSON, nullable=False),
        sa.Column("made_by", _BIG),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True)),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_sender_domain_partner_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_sender_domain_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_domain")),
        sa.UniqueConstraint("held_name", name=op.f("uq_sender_domain_held_name")),
        sa.UniqueConstraint("partner_id", name=op.f("uq_sender_domain_partner_id")),
        sa.UniqueConstraint("pid", name=op.f("uq_sender_domain_pid")),
    )
    op.create_index(op.f("ix_sender_domain_next_check_at"), "sender_domain", ["next_check_at"])
    op.create_table(
        "dkim_key",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("domain_id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("selector", sa.String(63), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_use_since", sa.DateTime(timezone=True)),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["sender_domain.id"], name=op.f("fk_dkim_key_domain_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_dkim_key_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dkim_key")),
        sa.UniqueConstraint("domain_id", "selector", name=op.f("uq_dkim_key_domain_id_selector")),
    )


def downgrade() -> None:
    op.drop_table("dkim_key")
    op.drop_index(op.f("ix_sender_domain_next_check_at"), table_name="sender_domain")
    op.drop_table("sender_domain")
