"""Segments, what is known of a contact's engagement, and campaigns that go to a segment

Revision 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("rules", _JSON, nullable=False),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_segment_created_by")),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_segment_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("partner_id", "name", name=op.f("uq_segment_partner_id_name")),
        sa.UniqueConstraint("pid", name=op.f("uq_segment_pid")),
    )
    op.create_table(
        "engagement",
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("deed", sa.String(32), nullable=False),
        sa.Column("campaign_id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_engagement_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_engagement_partner_id")),
        sa.PrimaryKeyConstraint("contact_id", "deed", "campaign_id", name=op.f("pk_engagement")),
    )
    op.create_index(
        "ix_engagement_deed", "engagement", ["partner_id", "deed", "campaign_id", "last_at", "contact_id"]
    )
    op.create_table(
        "engagement_due",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_engagement_due_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_engagement_due_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement_due")),
    )
    op.create_table(
        "engagement_turn",
        sa.Column("send_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("cursor", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("send_id", name=op.f("pk_engagement_turn")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("segment_id", _BIG, nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_campaign_segment_id"), "segment", ["segment_id"], ["id"])
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.add_column(sa.Column("people", _JSON, nullable=True))
        batch_op.alter_column("list_id", existing_type=_BIG, nullable=True)
    op.create_index("ix_contact_partner_id_id", "contact", ["partner_id", "id"])
    op.create_index(
        "ix_contact_language_region",
        "contact",
        ["partner_id", "language", "region"],
        sqlite_where=sa.text("erased_at IS NULL"),
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_index("ix_submission_contact_id", "submission", ["contact_id"])
    op.create_index("ix_deal_contact_id", "deal", ["contact_id"])


def downgrade() -> None:
    op.drop_index("ix_deal_contact_id", table_name="deal")
    op.drop_index("ix_submission_contact_id", table_name="submission")
    op.drop_index("ix_contact_language_region", table_name="contact")
    op.drop_index("ix_contact_partner_id_id", table_name="contact")
    # sends to segments have no list: the older release can't have them
    op.execute("UPDATE send SET list_id = (SELECT min(id) FROM contact_list WHERE contact_list.partner_id = send.partner_id) WHERE list_id IS NULL")  # fmt: skip
    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.alter_column("list_id", existing_type=_BIG, nullable=False)
        batch_op.drop_column("people")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_campaign_segment_id"), type_="foreignkey")
        batch_op.drop_column("segment_id")
    op.drop_table("engagement_turn")
    op.drop_table("engagement_due")
    op.drop_index("ix_engagement_deed", table_name="engagement")
    op.drop_table("engagement")
    op.drop_table("segment")
