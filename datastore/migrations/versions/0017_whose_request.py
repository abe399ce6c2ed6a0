"""Which process does a request that carries a key, so that the request of one that died is done again at once.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Requests under way in older processes have no name: their lease counts, as before."""
    op.add_column("answers", sa.Column("holder", sa.Text(), nullable=True))
