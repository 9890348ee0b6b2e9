"""The last changes of a campaign's words, and what was typed and could not be saved

Revision 0014, after 0013
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def _owners(table: str) -> list[sa.Column[Any] | sa.Constraint]:
    return [
        sa.Column("id", _BIG, nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("campaign_id", _BIG, nullable=False),
        sa.Column("person_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f(f"fk_{table}_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["organisation.id"], name=op.f(f"fk_{table}_partner_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    op.create_table(
        "slot_edit",
        *_owners("slot_edit"),
        sa.Column("changes", _JSON, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("undone_at", _MOMENT, nullable=True),
    )
    op.create_index("ix_slot_edit_campaign", "slot_edit", ["campaign_id", "id"], unique=False)
    op.create_table(
        "unsaved_words",
        *_owners("unsaved_words"),
        sa.Column("typed", _JSON, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("campaign_id", "person_id", name=op.f("uq_unsaved_words_campaign_id_person_id")),
    )


def downgrade() -> None:
    op.drop_table("unsaved_words")
    op.drop_index("ix_slot_edit_campaign", table_name="slot_edit")
    op.drop_table("slot_edit")
