"""How long an outage lasts is kept with the jobs that wait for its end.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """For those that wait just now it begins again.

    Nobody reads or writes `jobs` from here until the whole upgrade is committed: what takes long comes before it.
    """
    op.add_column("jobs", sa.Column("outage_since", Instant(), nullable=True))
