"""What is in the air to a receiver is counted without looking at all that waits for it.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IN_THE_AIR = sa.text("state IN ('claimed')")


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "ix_deliveries_in_the_air",
        "deliveries",
        ["subscription_id"],
        sqlite_where=IN_THE_AIR,
        postgresql_where=IN_THE_AIR,
    )
