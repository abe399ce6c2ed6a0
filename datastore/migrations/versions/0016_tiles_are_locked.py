"""Until when the object server protects the tiles of the log.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whole tiles that are there already wait to be protected; one in growth is followed by a whole one."""
    op.create_table(
        "tile_retentions",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["log_tiles.name"], name=op.f("fk_tile_retentions_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tile_retentions")),
    )
    op.create_index("ix_tile_retentions_until", "tile_retentions", ["until"])
    op.execute(
        "INSERT INTO tile_retentions (name, until)"
        " SELECT name, '1970-01-01 00:00:00.000000' FROM log_tiles WHERE name NOT LIKE '%.p/%'"
    )
