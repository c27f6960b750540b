"""Eighteen months of invented orders for the demo's card log, so that every page of the monitor has something to show.

A room of its own: the demo knows nothing of the service, and the card log nothing of the demo.
"""
