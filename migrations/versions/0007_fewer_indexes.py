"""A delivery is known by its id: three indexes instead of six, since each change of its state writes them all

Revision 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_open")
        batch_op.drop_index("ix_delivery_campaign_state")
        batch_op.drop_index("ix_delivery_contact_id")
        batch_op.drop_constraint("uq_delivery_pid", type_="unique")
        batch_op.drop_constraint("uq_delivery_send_id_contact_id", type_="unique")
        batch_op.drop_column("pid")
        batch_op.create_unique_constraint("uq_delivery_contact_id_send_id", ["contact_id", "send_id"])
        batch_op.create_index("ix_delivery_send_state", ["send_id", "state", "id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE delivery SET (fillfactor = 60)")


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_send_state")
        batch_op.drop_constraint("uq_delivery_contact_id_send_id", type_="unique")
        batch_op.add_column(sa.Column("pid", sa.String(length=22), nullable=True))
    op.execute("UPDATE delivery SET pid = 'd' || id")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.alter_column("pid", existing_type=sa.String(length=22), nullable=False)
        batch_op.create_unique_constraint("uq_delivery_pid", ["pid"])
        batch_op.create_unique_constraint("uq_delivery_send_id_contact_id", ["send_id", "contact_id"])
        batch_op.create_index("ix_delivery_campaign_state", ["campaign_id", "state"], unique=False)
        batch_op.create_index("ix_delivery_contact_id", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_delivery_open",
            ["send_id", "state", "not_before"],
            unique=False,
            postgresql_where=sa.text("state IN ('ready','claimed','committing','held')"),
        )
