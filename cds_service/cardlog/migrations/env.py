"""Where Alembic begins: it runs the revisions on the connection that it was handed, within that one's transaction.

Not to be imported; `migrating` has Alembic run it.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
