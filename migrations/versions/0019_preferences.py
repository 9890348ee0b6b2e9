"""What people chose: topics, how often, a pause; how a partner mails; a yes that waits to be confirmed

Revision 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "topic",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("retired_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_topic_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("partner_id", "name", name=op.f("uq_topic_partner_id_name")),
        sa.UniqueConstraint("pid", name=op.f("uq_topic_pid")),
    )
    op.create_table(
        "preference",
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("address_hash", sa.String(43), nullable=False),
        sa.Column("a_month", sa.Integer(), nullable=True),
        sa.Column("paused_until", _MOMENT, nullable=True),
        sa.Column("delivery_id", _BIG, nullable=True),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_preference_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "address_hash", name=op.f("pk_preference")),
    )
    op.create_table(
        "topic_off",
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("address_hash", sa.String(43), nullable=False),
        sa.Column("topic_id", _BIG, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_topic_off_partner_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_off_topic_id")),
        sa.PrimaryKeyConstraint("partner_id", "address_hash", "topic_id", name=op.f("pk_topic_off")),
    )
    op.create_table(
        "mail_rules",
        sa.Column("partner_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("a_week", sa.Integer(), nullable=False),
        sa.Column("double_opt_in", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_mail_rules_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_mail_rules")),
    )
    op.create_table(
        "opt_in",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("wording_version", sa.String(40), nullable=False),
        sa.Column("controller", sa.String(160), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_opt_in_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_opt_in_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_in")),
        sa.UniqueConstraint("pid", name=op.f("uq_opt_in_pid")),
    )
    op.create_index("ix_opt_in_contact_id", "opt_in", ["contact_id"])
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("topic_id", _BIG, nullable=True))
        batch_op.create_foreign_key(op.f("fk_campaign_topic_id"), "topic", ["topic_id"], ["id"])
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.add_column(sa.Column("topic_id", _BIG, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.drop_column("topic_id")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_campaign_topic_id"), type_="foreignkey")
        batch_op.drop_column("topic_id")
    op.drop_index("ix_opt_in_contact_id", table_name="opt_in")
    for table in ("opt_in", "mail_rules", "topic_off", "preference", "topic"):
        op.drop_table(table)
