"""What Alembic runs for each migration: everything inside the transaction that `tutor.store.migrate` began."""

from alembic import context

from tutor.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, transactional_ddl=True
)
context.run_migrations()
