"""A delivery's copies of what stands in its send are not looked up one by one: half of the time that writing a row took

Revision 0008, after 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COPIES = {
    "campaign_id": "campaign",
    "partner_id": "organisation",
    "rendering_id": "rendering",
    "variant_id": "variant",
}


def upgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        for column in COPIES:
            batch_op.drop_constraint(f"fk_delivery_{column}", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        for column, table in COPIES.items():
            batch_op.create_foreign_key(f"fk_delivery_{column}", table, [column], ["id"])
