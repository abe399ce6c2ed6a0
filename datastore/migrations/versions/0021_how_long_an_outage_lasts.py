"""How long an outage lasts is kept with the jobs that wait for its end.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """For those that wait just now it begins again."""
    op.add_column("jobs", sa.Column("outage_since", Instant(), nullable=True))
