"""The card log: what the pathway answered and what became of it, with nobody identified.

`EvaluationEvent` and `FeedbackEvent` are all that it can hold, `CardLogStore` keeps them in SQLite or
PostgreSQL, and `CardLog` takes them from the event loop without making a clinician wait.
"""
