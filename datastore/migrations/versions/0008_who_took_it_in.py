"""Who took a paper in, and at which counter.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Papers that are there keep no such line: postal staff, who need one, did not exist."""
    op.create_table(
        "intakes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["documents.id"], name=op.f("fk_intakes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intakes")),
    )
    op.create_index(op.f("ix_intakes_person"), "intakes", ["person"])
