"""A CDS Hooks service that holds MSK imaging orders against the region's own pathway."""

__version__ = "0.1.0"
