"""For an EHR vendor's first day: hold a CDS Hooks service against the specification, and call it by hand.

Nothing here belongs to serving: the commands talk HTTP to any CDS Hooks service, ours or another's.
"""
