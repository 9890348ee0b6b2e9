"""Who was left out and why, uploads of noes, what was said of collisions, receipts of erasures

Revision 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "left_out",
        sa.Column("send_id", _BIG, nullable=False),
        sa.Column("contact_id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("send_id", "contact_id", name=op.f("pk_left_out")),
    )
    op.create_index("ix_left_out_send_reason", "left_out", ["send_id", "reason", "contact_id"])
    op.create_index(op.f("ix_left_out_contact_id"), "left_out", ["contact_id"])
    op.create_table(
        "collision_answer",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("kit_id", _BIG, nullable=False),
        sa.Column("campaign_id", _BIG, nullable=False),
        sa.Column("audience", sa.String(80), nullable=False),
        sa.Column("about", sa.Integer(), nullable=True),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_collision_answer_partner_id")
        ),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_collision_answer_kit_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_collision_answer_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collision_answer")),
    )
    op.create_index(
        "ix_collision_answer_partner_kit", "collision_answer", ["partner_id", "kit_id", "asked_at"]
    )
    op.create_index(op.f("ix_collision_answer_campaign_id"), "collision_answer", ["campaign_id"])
    _uploads()
    op.create_table(
        "erasure",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("address_hash", sa.String(43), nullable=False),
        sa.Column("masked", sa.String(20), nullable=False),
        sa.Column("places", _JSON, nullable=False),
        sa.Column("told", _JSON, nullable=False),
        sa.Column("person_id", _BIG, nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f("fk_erasure_partner_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_erasure_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("pid", name=op.f("uq_erasure_pid")),
        sa.UniqueConstraint("number", name=op.f("uq_erasure_number")),
    )
    op.create_index("ix_erasure_partner_hash", "erasure", ["partner_id", "address_hash"])


def _uploads() -> None:
    op.create_table(
        "suppression_upload",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("pid", sa.String(22), nullable=False),
        sa.Column("organisation_id", _BIG, nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("position", _BIG, nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("findings", _JSON, nullable=False),
        sa.Column("reason", sa.String(300), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("worker", sa.String(22), nullable=True),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_suppression_upload_organisation_id")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_suppression_upload_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression_upload")),
        sa.UniqueConstraint("pid", name=op.f("uq_suppression_upload_pid")),
    )
    op.create_index(op.f("ix_suppression_upload_organisation_id"), "suppression_upload", ["organisation_id"])


def downgrade() -> None:
    for name in ("erasure", "suppression_upload", "collision_answer", "left_out"):
        op.drop_table(name)
