"""Jobs have a role, a priority and their pages; agencies take turns.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WAITING = sa.text("state IN ('queued')")
HELD = sa.text("state IN ('claimed', 'set_aside')")


def upgrade() -> None:
    """Give the jobs that are there the role that their kind has in this version; all count as counter work."""
    op.drop_index("ix_jobs_waiting", "jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("role", sa.String(length=16), nullable=True))
        jobs.add_column(sa.Column("priority", sa.Integer(), nullable=True))
        jobs.add_column(sa.Column("deaths", sa.Integer(), nullable=True))
        jobs.add_column(sa.Column("done", sa.Integer(), nullable=True))
        jobs.add_column(sa.Column("total", sa.Integer(), nullable=True))
        jobs.add_column(sa.Column("again", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE jobs SET priority = 0, deaths = 0, again = (1 = 0), role = CASE kind"
        " WHEN 'sign' THEN 'signer' WHEN 'make_valid' THEN 'signer'"
        " WHEN 'tell_outside' THEN 'archivist' ELSE 'reader' END"
    )
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("role", existing_type=sa.String(length=16), nullable=False)
        jobs.alter_column("priority", existing_type=sa.Integer(), nullable=False)
        jobs.alter_column("deaths", existing_type=sa.Integer(), nullable=False)
        jobs.alter_column("again", existing_type=sa.Boolean(), nullable=False)
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["role", "priority", "agency", "not_before", "id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_jobs_held", "jobs", ["state", "id"], sqlite_where=HELD, postgresql_where=HELD)
    op.create_table(
        "job_turns",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("served_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("role", "priority", "agency", name=op.f("pk_job_turns")),
    )
    op.create_index("ix_job_turns_order", "job_turns", ["role", "served_at"])
    op.execute(
        "INSERT INTO job_turns (role, priority, agency, served_at)"
        " SELECT DISTINCT role, priority, agency, MIN(not_before) FROM jobs GROUP BY role, priority, agency"
    )
