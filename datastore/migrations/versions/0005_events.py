"""Events for other systems, who subscribed to them, and what is still to be delivered.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from datastore.columns import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ASIDE = sa.text("state IN ('set_aside')")
OPEN = sa.text("settled_at IS NULL")
TO_HAND_OUT = sa.text("handed_out_at IS NULL")


def upgrade() -> None:
    """Make the tables; what happened before is told to nobody."""
    op.create_table(
        "events",
        sa.Column("arrival", BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("competent_agency", sa.String(length=35), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("handed_out_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_events_to_hand_out", "events", ["arrival"], sqlite_where=TO_HAND_OUT, postgresql_where=TO_HAND_OUT
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.String(length=35), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_agency"), "subscriptions", ["agency"], unique=False)
    _make_tables_of_a_subscription()


def _make_tables_of_a_subscription() -> None:
    op.create_table(
        "subscription_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_subscription_secrets_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_secrets")),
    )
    op.create_index(
        op.f("ix_subscription_secrets_subscription_id"),
        "subscription_secrets",
        ["subscription_id"],
        unique=False,
    )
    op.create_table(
        "receivers",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("not_before", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_receivers_subscription_id")
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_receivers")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("event", BIG, nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("first_tried_at", Instant(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["event"], ["events.arrival"], name=op.f("fk_deliveries_event")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_deliveries_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("subscription_id", "event", name=op.f("uq_deliveries_subscription_id_event")),
    )
    op.create_index(op.f("ix_deliveries_event"), "deliveries", ["event"], unique=False)
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["subscription_id", "event"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_deliveries_of_subject",
        "deliveries",
        ["subscription_id", "subject", "event"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_deliveries_set_aside",
        "deliveries",
        ["subscription_id"],
        sqlite_where=ASIDE,
        postgresql_where=ASIDE,
    )
