"""How the card log's tables came about, revision by revision; Alembic reads this folder (`env`, `versions`).

A new revision is a file in `versions` with the next number, and that number in `migrating.REVISIONS`. It spells out its
tables itself or in a `tables_NUMBER` module beside it, and imports nothing of today's schema: that one moves on, and a
revision must make tomorrow what it makes today. All revisions of one run share one transaction.
"""
