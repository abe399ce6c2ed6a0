"""An upload of a citizen becomes one paper: when it did is kept with it.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that wait are not used."""
    op.add_column("uploads", sa.Column("used_at", Instant(), nullable=True))
