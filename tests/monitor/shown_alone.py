"""A count by itself, through the door that pages use."""

from cds_service.monitor.disclosure import RawCount, Shown, disclose_parts


def shown_alone(count: int) -> Shown:
    """A count as it is shown where nothing stands beside it."""
    return disclose_parts({None: RawCount(count)}).parts[None]
