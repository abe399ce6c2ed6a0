"""Alembic's way in: runs on the connection that `datastore.schema` hands over, inside its transaction."""

from alembic import context

from datastore.rows import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    transactional_ddl=False,  # the caller's one transaction spans all steps, on every database
    render_as_batch=True,
)
context.run_migrations()
