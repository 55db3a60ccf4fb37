"""Run the chain on the connection, and in the transaction, that `hub.store.schema` opened."""

from alembic import context

from hub.store.outgoing import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a column by building the table anew.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
