"""The diary of an agency is read in the order of time.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index in place of another: a line costs what it did."""
    op.drop_index("ix_diary_agency", "diary")
    op.create_index("ix_diary_agency_at", "diary", ["agency", "at", "id"])
