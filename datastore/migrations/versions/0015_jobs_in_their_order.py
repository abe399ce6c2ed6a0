"""Indexes that give turns in their order, and the oldest job of a role, however many agencies there are.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WAITING = sa.text("state IN ('queued')")


def upgrade() -> None:
    """Make them; nothing else changes."""
    op.drop_index("ix_job_turns_order", "job_turns")
    op.create_index("ix_job_turns_order", "job_turns", ["role", "priority", "served_at", "agency"])
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["role", "priority", "not_before"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
